"""Ownership of an entry per list, in place of one flag and of where the last write went."""

from django.db import migrations, models


def _tell_by_list(apps, schema_editor):
    """Rows that tell more than "all of its lists": those that nobody of us wrote, and those with their lists."""
    blocks = apps.get_model("blacklist", "Block").objects.using(schema_editor.connection.alias)
    blocks.filter(was_there_before=True).update(ours_on=[])
    told = blocks.filter(was_there_before=False, written_at__isnull=False).exclude(written_to=[])
    for key, numbers in told.values_list("pk", "written_to").iterator():
        if 0 not in numbers:
            blocks.filter(pk=key).update(ours_on=numbers)


class Migration(migrations.Migration):
    dependencies = [("blacklist", "0060_written_to")]

    operations = [
        migrations.AddField(
            model_name="block",
            name="ours_on",
            field=models.JSONField(blank=True, null=True, verbose_name="登録先"),
        ),
        migrations.RunPython(_tell_by_list, migrations.RunPython.noop),
    ]
