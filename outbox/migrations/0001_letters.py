import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('outbox', '0001_initial'),
        ('outbox', '0002_unsubscribe_with_one_click'),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='<app>/<letter>, the folder of its three templates.', max_length=60)),
                ('recipient', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('html', models.TextField(blank=True)),
                ('about_type', models.CharField(blank=True, max_length=60)),
                ('about_id', models.CharField(blank=True, max_length=40)),
                ('once', models.CharField(help_text='A letter with the same mark is never written twice.', max_length=120, null=True, unique=True)),
                ('passing', models.BooleanField(default=False, help_text='Holds a one-time link or code: its text is blanked once it is sent.')),
                ('unsubscribe_url', models.CharField(blank=True, db_default='', default='', help_text='Where a mail program ends such letters with one click (RFC 8058).', max_length=300)),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('due_at', models.DateTimeField()),
                ('tried_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('sent_at', models.DateTimeField(null=True)),
                ('recalled_at', models.DateTimeField(null=True)),
                ('given_up_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
                'indexes': [
                    models.Index(condition=models.Q(('given_up_at', None), ('recalled_at', None), ('sent_at', None)), fields=['due_at'], name='letter_owed'),
                    models.Index(fields=['about_type', 'about_id'], name='letter_about'),
                    models.Index(fields=['recipient'], name='letter_recipient'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('sent_at', None), ('recalled_at', None), _connector='OR'), name='letter_sent_or_recalled_never_both'),
                ],
            },
        ),
    ]
