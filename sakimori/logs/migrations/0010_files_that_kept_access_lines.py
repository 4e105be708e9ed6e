from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def note_that_all_was_kept(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Until now every access line was stored; a file that was just being stored must be completed in the same way."""
    files = apps.get_model("logs", "LogFile").objects.using(editor.connection.alias)
    begun = files.filter(state__in=["storing", "stored"])
    begun.filter(keeps_access_lines=None).update(keeps_access_lines=True)


class Migration(migrations.Migration):
    """What held for the files that are stored already. Going back leaves the column, which 0006 then drops."""

    dependencies = [("logs", "0008_stored_at")]

    operations = [migrations.RunPython(note_that_all_was_kept, migrations.RunPython.noop)]
