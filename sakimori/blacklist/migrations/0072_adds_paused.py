from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("blacklist", "0071_written_last")]

    operations = [
        migrations.AddField(
            model_name="listcheck",
            name="adds_paused_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
