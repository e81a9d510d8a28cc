"""Addresses of one's own account that stand beside, or in front of, allauth's."""

from django.urls import path

from accounts.views import language, profile, tokens

urlpatterns = [
    path("language/", language.page, name="language"),
    path("profile/", profile.page, name="profile"),
    path("sessions/", profile.sessions_page, name="usersessions_list"),  # in front of allauth's own
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token_revoke"),
    path("sessions/<int:pk>/end/", profile.end_session, name="end_session"),
]
