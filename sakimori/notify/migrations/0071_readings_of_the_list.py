"""How often, and since when by the provider's clock, a doubtful call was missed on the provider's list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0061_mails_out_and_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="phoneleg",
            name="readings",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="phoneleg",
            name="read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
