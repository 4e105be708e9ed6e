from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("blacklist", "0050_covered_and_others")]

    operations = [
        migrations.AddField(
            model_name="block",
            name="written_to",
            field=models.JSONField(blank=True, default=list, verbose_name="書込先"),
        ),
    ]
