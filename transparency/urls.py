"""Addresses of the public account."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_safe

from transparency import lesson_views, views
from transparency.feeds import LessonsFeed


class QuarterConverter(StringConverter):
    """A quarter, such as 2026Q3."""

    regex = r"20[0-9][0-9]Q[1-4]"


register_converter(QuarterConverter, "quarter")

urlpatterns = [
    path("transparency/", views.index, name="transparency"),
    path("transparency/lessons/", lesson_views.index, name="lessons"),
    path("transparency/lessons/feed/", require_safe(LessonsFeed()), name="lessons_feed"),
    path("transparency/lessons/<slug:slug>/", lesson_views.detail, name="lesson"),
    path("transparency/guarantees/", views.guarantees, name="guarantees"),
    path("transparency/standards/", views.standards, name="standards"),
    path("transparency/seals/", views.seals, name="seals"),
    path("transparency/seals.json", views.seals_json, name="seals_json"),
    path("transparency/<quarter:quarter>/", views.report, name="transparency_report"),
    path("transparency/<quarter:quarter>/<int:version>/", views.report, name="transparency_version"),
    path("transparency/<quarter:quarter>/<int:version>/report.json", views.report_json, name="report_json"),
    path("transparency/<quarter:quarter>/<int:version>/report.csv", views.report_csv, name="report_csv"),
]
