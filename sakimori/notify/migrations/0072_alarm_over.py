"""When the cause of an alarm was gone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0071_readings_of_the_list")]

    operations = [
        migrations.AddField(
            model_name="alarm",
            name="over_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When its cause was seen to be gone; empty while it lasts, or if nobody looks.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(fields=["key"], name="alarms_of_a_cause"),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(fields=["acknowledged_at"], name="alarms_by_acknowledgement"),
        ),
    ]
