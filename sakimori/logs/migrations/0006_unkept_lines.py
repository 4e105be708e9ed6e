from django.db import migrations, models


class Migration(migrations.Migration):
    """The ledger says how many access lines of a file were not kept, and what held for it."""

    dependencies = [
        ("customers", "0001_initial"),
        ("logs", "0005_completeness"),
    ]

    operations = [
        migrations.AddField(
            model_name="logfile",
            name="unkept_lines",
            field=models.PositiveBigIntegerField(
                default=0, help_text="Access lines that the contract does not keep.", verbose_name="保存対象外の行"
            ),
        ),
        migrations.AddField(
            model_name="logfile",
            name="keeps_access_lines",
            field=models.BooleanField(blank=True, null=True, verbose_name="アクセスログを保存"),
        ),
        migrations.AddIndex(
            model_name="logfile",
            index=models.Index(
                condition=models.Q(("keeps_access_lines", False)),
                fields=["contract", "received_at"],
                name="files_without_access_lines",
            ),
        ),
    ]
