"""The pull of log files: `/logs/<X>_<configId>/logs.index` and `/logs/<X>_<configId>/<X>_<Y>.log`."""

from collections.abc import Callable

from sakimori.simulators.imperva.answers import Refusal, Reply
from sakimori.simulators.imperva.desk import Call
from sakimori.simulators.imperva.log_files import LogFiles


def index(files: LogFiles) -> Callable[[Call], Reply]:
    """Names, one per line, oldest first; 404 before the first file."""

    def handle(call: Call) -> Reply:
        _check_folder(call)
        names = files.index(call.caller, call.read_ms)
        if not names:
            raise Refusal("logs.index not found", status=404)
        return Reply(200, "".join(f"{name}\n" for name in names).encode(), "text/plain")

    return handle


def file(files: LogFiles) -> Callable[[Call], Reply]:
    """One file; 404 for a gap, a file that is gone and one that is not there yet."""

    def handle(call: Call) -> Reply:
        _check_folder(call)
        content = files.read(call.caller, call.path["name"], call.read_ms)
        if content is None:
            raise Refusal(f"{call.path['name']} not found", status=404)
        return Reply(200, content, "application/octet-stream")

    return handle


def _check_folder(call: Call) -> None:
    if call.path["folder"] != call.caller.log_path:
        raise Refusal("not your folder", status=401)
