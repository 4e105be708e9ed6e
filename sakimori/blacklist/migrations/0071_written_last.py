from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("blacklist", "0070_ours_on")]

    operations = [
        migrations.RemoveField(model_name="block", name="written_to"),
        migrations.AddIndex(
            model_name="block",
            index=models.Index(fields=["contract", "written_at"], name="blacklist_written_last"),
        ),
    ]
