"""Who gets what at every address: a table, and a walk over the resolver that fails where the table has no row.

A row holds what each of PEOPLE is answered, in their order. The things at the addresses are Alice's, or the staff's own
(`tests.world`). Every request is rolled back, so each stands for itself.
"""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from accounts.domain import memberships
from accounts.models import Owner
from tests.factories import MONDAY
from tests.world import World, addresses, made

pytestmark = pytest.mark.django_db
PEOPLE = ("nobody", "alice", "charlie", "bob", "sam", "dora", "pia", "axel")
ADDRESSES = list(dict.fromkeys(addresses()))

TABLE = r"""
# The applicant's side.
GET  200 200 200 200 200 200 200 200  (home)
POST 405 405 405 405 405 405 405 405  (home)
GET  200 200 200 200 200 200 200 200  programs/<slug:slug>/
POST 405 405 405 405 405 405 405 405  programs/<slug:slug>/
GET  200 200 200 200 200 200 200 200  programs/<slug:slug>/weaknesses/<slug:code>/
POST 405 405 405 405 405 405 405 405  programs/<slug:slug>/weaknesses/<slug:code>/
GET  200 200 200 200 200 200 200 200  programs/<slug:slug>/evaluations/
POST 405 405 405 405 405 405 405 405  programs/<slug:slug>/evaluations/
GET  200 200 200 200 200 200 200 200  programs/<slug:slug>/evaluations.json
POST 405 405 405 405 405 405 405 405  programs/<slug:slug>/evaluations.json
GET  200 200 200 200 200 200 200 200  programs/<slug:slug>/practices/
POST 405 405 405 405 405 405 405 405  programs/<slug:slug>/practices/
GET  200 200 200 200 200 200 200 200  transparency/lessons/
POST 405 405 405 405 405 405 405 405  transparency/lessons/
GET  200 200 200 200 200 200 200 200  transparency/lessons/feed/
POST 405 405 405 405 405 405 405 405  transparency/lessons/feed/
GET  200 200 200 200 200 200 200 200  transparency/lessons/<slug:slug>/
POST 405 405 405 405 405 405 405 405  transparency/lessons/<slug:slug>/
GET  302 405 405 405 405 405 405 405  programs/<slug:slug>/rules/<int:number>/acknowledge/
POST 302 302 302 302 302 302 302 302  programs/<slug:slug>/rules/<int:number>/acknowledge/
GET  200 200 200 200 200 200 200 200  showcase/
POST 405 405 405 405 405 405 405 405  showcase/
GET  302 200 200 200 200 200 200 200  apply/<slug:slug>/
POST 302 422 422 422 422 422 422 422  apply/<slug:slug>/
GET  200 200 200 200 200 200 200 200  asked/<str:token>/
POST 302 409 409 409 409 409 409 409  asked/<str:token>/
GET  302 200 200 200 200 200 200 200  applications/
POST 302 405 405 405 405 405 405 405  applications/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/
POST 302 405 405 405 405 405 405 405  applications/<slug:number>/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/form/<slug:section>/
POST 302 422 404 404 404 404 404 404  applications/<slug:number>/form/<slug:section>/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/form/<slug:section>/save/
POST 401 200 404 404 404 404 404 404  applications/<slug:number>/form/<slug:section>/save/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/check/
POST 302 405 405 405 405 405 405 405  applications/<slug:number>/check/
GET  302 405 405 405 405 405 405 405  applications/<slug:number>/submit/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/submit/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/files/<slug:token>/
POST 302 405 405 405 405 405 405 405  applications/<slug:number>/files/<slug:token>/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/amend/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/amend/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/amend/discard/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/amend/discard/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/withdraw/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/withdraw/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/leave/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/leave/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/invitation/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/invitation/
GET  302 200 200 200 200 200 200 200  access/
POST 302 405 405 405 405 405 405 405  access/
GET  302 200 404 404 404 404 404 404  access/<uuid:public_id>/
POST 302 405 405 405 405 405 405 405  access/<uuid:public_id>/
GET  302 200 404 404 404 404 404 404  access/<uuid:public_id>/showcase/
POST 302 422 404 404 404 404 404 404  access/<uuid:public_id>/showcase/
GET  405 405 405 405 405 405 405 405  access/<uuid:public_id>/showcase/withdraw/
POST 302 404 404 404 404 404 404 404  access/<uuid:public_id>/showcase/withdraw/
GET  405 405 405 405 405 405 405 405  access/<uuid:public_id>/notices/
POST 302 302 404 404 404 404 404 404  access/<uuid:public_id>/notices/
GET  302 200 404 404 404 404 404 404  access/<uuid:public_id>/usage.csv
POST 302 405 405 405 405 405 405 405  access/<uuid:public_id>/usage.csv
GET  405 405 405 405 405 405 405 405  access/<uuid:public_id>/keys/
POST 302 422 404 404 404 404 404 404  access/<uuid:public_id>/keys/
GET  405 405 405 405 405 405 405 405  access/keys/<slug:key_id>/rotate/
POST 302 422 404 404 404 404 404 404  access/keys/<slug:key_id>/rotate/
GET  405 405 405 405 405 405 405 405  access/keys/<slug:key_id>/rename/
POST 302 422 404 404 404 404 404 404  access/keys/<slug:key_id>/rename/
GET  405 405 405 405 405 405 405 405  access/keys/<slug:key_id>/limit/
POST 302 422 404 404 404 404 404 404  access/keys/<slug:key_id>/limit/
GET  405 405 405 405 405 405 405 405  access/keys/<slug:key_id>/<slug:verb>/
POST 302 409 404 404 404 404 404 404  access/keys/<slug:key_id>/<slug:verb>/
GET  405 405 405 405 405 405 405 405  access/<uuid:public_id>/ask/<slug:kind>/
POST 302 302 404 404 404 404 404 404  access/<uuid:public_id>/ask/<slug:kind>/
GET  405 405 405 405 405 405 405 405  access/keys/<slug:key_id>/open/
POST 302 200 404 404 404 404 404 404  access/keys/<slug:key_id>/open/
GET  405 405 405 405 405 405 405 405  leaks/report/
POST 401 401 401 401 401 401 401 401  leaks/report/
GET  302 200 200 200 200 200 200 200  access/webhooks/
POST 302 422 422 422 422 422 422 422  access/webhooks/
GET  302 200 404 404 404 404 404 404  access/webhooks/<int:pk>/
POST 405 405 405 405 405 405 405 405  access/webhooks/<int:pk>/
GET  405 405 405 405 405 405 405 405  access/webhooks/<int:pk>/rotate/
POST 302 200 404 404 404 404 404 404  access/webhooks/<int:pk>/rotate/
GET  405 405 405 405 405 405 405 405  access/webhooks/<int:pk>/stop/
POST 302 302 404 404 404 404 404 404  access/webhooks/<int:pk>/stop/
GET  405 405 405 405 405 405 405 405  access/webhooks/<int:pk>/resume/
POST 302 302 404 404 404 404 404 404  access/webhooks/<int:pk>/resume/
GET  405 405 405 405 405 405 405 405  access/webhooks/<int:pk>/messages/<int:message>/again/
POST 302 302 404 404 404 404 404 404  access/webhooks/<int:pk>/messages/<int:message>/again/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/answer/
POST 302 422 404 404 404 404 404 404  applications/<slug:number>/answer/
GET  302 200 404 404 404 404 404 404  access/sanctions/<slug:number>/
POST 302 422 404 404 404 404 404 404  access/sanctions/<slug:number>/
GET  405 405 405 405 405 405 405 405  access/sanctions/<slug:number>/withdraw/
POST 302 302 404 404 404 404 404 404  access/sanctions/<slug:number>/withdraw/
GET  302 200 404 404 404 404 404 404  access/<uuid:public_id>/problem/
POST 302 422 404 404 404 404 404 404  access/<uuid:public_id>/problem/
GET  200 200 200 200 200 200 200 200  report/
POST 422 422 422 422 422 422 422 422  report/
GET  200 200 200 200 200 200 200 200  report/<slug:receipt>/
POST 405 405 405 405 405 405 405 405  report/<slug:receipt>/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/appeal/
POST 302 422 404 404 404 404 404 404  applications/<slug:number>/appeal/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/appeal/withdraw/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/appeal/withdraw/
GET  302 200 404 404 404 404 404 404  applications/<slug:number>/reinstatement/
POST 302 422 404 404 404 404 404 404  applications/<slug:number>/reinstatement/
GET  405 405 405 405 405 405 405 405  applications/<slug:number>/reinstatement/withdraw/
POST 302 302 404 404 404 404 404 404  applications/<slug:number>/reinstatement/withdraw/
# The public account.
GET  200 200 200 200 200 200 200 200  transparency/
POST 405 405 405 405 405 405 405 405  transparency/
GET  200 200 200 200 200 200 200 200  transparency/guarantees/
POST 405 405 405 405 405 405 405 405  transparency/guarantees/
GET  200 200 200 200 200 200 200 200  transparency/standards/
POST 405 405 405 405 405 405 405 405  transparency/standards/
GET  200 200 200 200 200 200 200 200  transparency/seals/
POST 405 405 405 405 405 405 405 405  transparency/seals/
GET  200 200 200 200 200 200 200 200  transparency/seals.json
POST 405 405 405 405 405 405 405 405  transparency/seals.json
GET  200 200 200 200 200 200 200 200  transparency/<quarter:quarter>/
POST 405 405 405 405 405 405 405 405  transparency/<quarter:quarter>/
GET  200 200 200 200 200 200 200 200  transparency/<quarter:quarter>/<int:version>/
POST 405 405 405 405 405 405 405 405  transparency/<quarter:quarter>/<int:version>/
GET  200 200 200 200 200 200 200 200  transparency/<quarter:quarter>/<int:version>/report.json
POST 405 405 405 405 405 405 405 405  transparency/<quarter:quarter>/<int:version>/report.json
GET  200 200 200 200 200 200 200 200  transparency/<quarter:quarter>/<int:version>/report.csv
POST 405 405 405 405 405 405 405 405  transparency/<quarter:quarter>/<int:version>/report.csv
GET  302 302 302 403 403 403 200 200  admin/transparency/report/reports/
POST 302 302 302 403 403 403 422 403  admin/transparency/report/reports/
GET  302 302 302 405 405 405 405 405  admin/transparency/report/reports/records/
POST 302 302 302 403 403 403 422 403  admin/transparency/report/reports/records/
GET  302 302 302 403 403 403 200 403  admin/transparency/report/reports/standards/
POST 302 302 302 403 403 403 422 403  admin/transparency/report/reports/standards/
GET  302 302 302 403 403 403 404 404  admin/transparency/report/reports/statements/
POST 302 302 302 405 405 405 405 405  admin/transparency/report/reports/statements/
GET  302 302 302 403 403 403 200 200  admin/transparency/report/reports/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/transparency/report/reports/<int:pk>/
GET  302 302 302 403 403 403 200 200  admin/transparency/report/reports/<int:pk>/progress.json
POST 302 302 302 405 405 405 405 405  admin/transparency/report/reports/<int:pk>/progress.json
GET  302 302 302 405 405 405 405 405  admin/transparency/report/reports/<int:pk>/<slug:verb>/
POST 302 302 302 403 403 403 302 302  admin/transparency/report/reports/<int:pk>/<slug:verb>/
# Guidelines, organisations, health.
GET  200 200 200 200 200 200 200 200  guidelines/
POST 405 405 405 405 405 405 405 405  guidelines/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/
GET  200 200 200 200 200 200 200 200  guidelines/versions/
POST 405 405 405 405 405 405 405 405  guidelines/versions/
GET  404 404 404 404 404 404 404 404  guidelines/compare/
POST 405 405 405 405 405 405 405 405  guidelines/compare/
GET  200 200 200 200 200 200 200 200  guidelines/feed/
POST 405 405 405 405 405 405 405 405  guidelines/feed/
GET  200 200 200 200 200 200 200 200  guidelines/subscribe/
POST 422 422 422 422 422 422 422 422  guidelines/subscribe/
GET  200 200 200 200 200 200 200 200  guidelines/subscription/<slug:token>/
POST 302 302 302 302 302 302 302 302  guidelines/subscription/<slug:token>/
GET  302 302 302 302 302 302 302 302  guidelines/subscription/<slug:token>/end/
POST 200 200 200 200 200 200 200 200  guidelines/subscription/<slug:token>/end/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/changes-since/<version:older>/
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/changes-since/<version:older>/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/<slug:code>/
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/<slug:code>/
GET  302 405 405 405 405 405 405 405  guidelines/<version:version>/accept/
POST 302 302 302 302 302 302 302 302  guidelines/<version:version>/accept/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/
POST 422 422 422 422 422 422 422 422  guidelines/<version:version>/consultation/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/comments.csv
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/consultation/comments.csv
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/comments.json
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/consultation/comments.json
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/text.yaml
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/consultation/text.yaml
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/invited/<str:token>/
POST 422 422 422 422 422 422 422 422  guidelines/<version:version>/consultation/invited/<str:token>/
GET  302 200 302 302 302 302 302 302  guidelines/<version:version>/consultation/yours/
POST 302 422 302 302 302 302 302 302  guidelines/<version:version>/consultation/yours/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/yours/<str:token>/
POST 422 422 422 422 422 422 422 422  guidelines/<version:version>/consultation/yours/<str:token>/
GET  200 200 200 200 200 200 200 200  guidelines/<version:version>/consultation/<slug:number>/
POST 405 405 405 405 405 405 405 405  guidelines/<version:version>/consultation/<slug:number>/
GET  302 302 302 403 403 403 200 403  admin/policies/consultation/new/
POST 302 302 302 403 403 403 404 403  admin/policies/consultation/new/
GET  302 302 302 403 403 403 200 403  admin/policies/consultation/comments/
POST 302 302 302 405 405 405 405 405  admin/policies/consultation/comments/
GET  302 302 302 405 405 405 405 405  admin/policies/consultation/comments/next/
POST 302 302 302 403 403 403 302 403  admin/policies/consultation/comments/next/
GET  302 302 302 403 403 403 200 403  admin/policies/consultation/comments/<slug:number>/
POST 302 302 302 403 403 403 409 403  admin/policies/consultation/comments/<slug:number>/
GET  302 302 302 405 405 405 405 405  admin/policies/consultation/comments/<slug:number>/take/
POST 302 302 302 403 403 403 302 403  admin/policies/consultation/comments/<slug:number>/take/
GET  302 302 302 405 405 405 405 405  admin/policies/consultation/comments/<slug:number>/release/
POST 302 302 302 403 403 403 302 403  admin/policies/consultation/comments/<slug:number>/release/
GET  302 302 302 403 403 403 200 403  admin/policies/consultation/<int:pk>/work/
POST 302 302 302 405 405 405 405 405  admin/policies/consultation/<int:pk>/work/
GET  302 302 302 403 403 403 200 403  admin/policies/consultation/<int:pk>/group/
POST 302 302 302 403 403 403 404 403  admin/policies/consultation/<int:pk>/group/
GET  302 302 302 405 405 405 405 405  admin/policies/consultation/<int:pk>/everything.csv
POST 302 302 302 403 403 403 200 403  admin/policies/consultation/<int:pk>/everything.csv
GET  302 302 302 405 405 405 405 405  admin/policies/consultation/<int:pk>/do/<slug:verb>/
POST 302 302 302 403 403 403 422 403  admin/policies/consultation/<int:pk>/do/<slug:verb>/
GET  302 200 200 200 200 200 200 200  organisations/
POST 302 422 422 422 422 422 422 422  organisations/
GET  200 200 200 200 200 200 200 200  organisations/join/<str:token>/
POST 302 422 422 422 422 422 422 422  organisations/join/<str:token>/
GET  302 200 404 404 404 404 404 404  organisations/<int:number>/
POST 302 422 404 404 404 404 404 404  organisations/<int:number>/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/leave/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/leave/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/members/<int:pk>/<slug:verb>/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/members/<int:pk>/<slug:verb>/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/invitations/<int:pk>/<slug:verb>/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/invitations/<int:pk>/<slug:verb>/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/ownership/<int:pk>/<slug:verb>/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/ownership/<int:pk>/<slug:verb>/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/domains/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/domains/
GET  302 405 405 405 405 405 405 405  organisations/<int:number>/domains/<int:pk>/end/
POST 302 302 404 404 404 404 404 404  organisations/<int:number>/domains/<int:pk>/end/
GET  200 200 200 200 200 200 200 200  livez
POST 200 200 200 200 200 200 200 200  livez
GET  200 200 200 200 200 200 200 200  metrics
POST 200 200 200 200 200 200 200 200  metrics
GET  200 200 200 200 200 200 200 200  readyz
POST 200 200 200 200 200 200 200 200  readyz
GET  200 200 200 200 200 200 200 200  metrics
POST 200 200 200 200 200 200 200 200  metrics
# Your data: the copy and the deletion ask for the password again first.
GET  200 200 200 200 200 200 200 200  accounts/data/
POST 405 405 405 405 405 405 405 405  accounts/data/
GET  405 405 405 405 405 405 405 405  accounts/data/copy/
POST 302 302 302 302 302 302 302 302  accounts/data/copy/
GET  302 200 200 200 200 200 200 200  accounts/delete/
POST 302 302 302 302 302 302 302 302  accounts/delete/
# Signing up and in: allauth's.
GET  200 302 302 302 302 302 302 302  accounts/login/
POST 200 302 302 302 302 302 302 302  accounts/login/
GET  302 200 200 200 200 200 200 200  accounts/logout/
POST 302 302 302 302 302 302 302 302  accounts/logout/
GET  200 200 200 200 200 200 200 200  accounts/inactive/
POST 405 405 405 405 405 405 405 405  accounts/inactive/
GET  200 302 302 302 302 302 302 302  accounts/signup/
POST 200 302 302 302 302 302 302 302  accounts/signup/
GET  302 200 200 200 200 200 200 200  accounts/reauthenticate/
POST 302 200 200 200 200 200 200 200  accounts/reauthenticate/
GET  302 200 200 200 200 200 200 200  accounts/email/
POST 302 302 302 302 302 302 302 302  accounts/email/
GET  200 200 200 200 200 200 200 200  accounts/confirm-email/
POST 405 405 405 405 405 405 405 405  accounts/confirm-email/
GET  302 200 200 200 200 200 200 200  accounts/password/change/
POST 302 200 200 200 200 200 200 200  accounts/password/change/
GET  302 302 302 302 302 302 302 302  accounts/password/set/
POST 302 302 302 302 302 302 302 302  accounts/password/set/
GET  200 200 200 200 200 200 200 200  accounts/password/reset/
POST 200 200 200 200 200 200 200 200  accounts/password/reset/
GET  302 302 302 302 302 302 302 302  accounts/login/code/confirm/
POST 302 302 302 302 302 302 302 302  accounts/login/code/confirm/
GET  200 200 200 200 200 200 200 200  accounts/^confirm-email/(?P<key>[-:\w]+)/$
POST 404 404 404 404 404 404 404 404  accounts/^confirm-email/(?P<key>[-:\w]+)/$
GET  200 200 200 200 200 200 200 200  accounts/password/reset/key/done/
POST 405 405 405 405 405 405 405 405  accounts/password/reset/key/done/
GET  200 200 200 200 200 200 200 200  accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$
POST 200 200 200 200 200 200 200 200  accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$
GET  200 200 200 200 200 200 200 200  accounts/password/reset/done/
POST 405 405 405 405 405 405 405 405  accounts/password/reset/done/
GET  302 200 200 200 200 200 200 200  accounts/2fa/
POST 302 405 405 405 405 405 405 405  accounts/2fa/
GET  302 302 302 302 302 302 302 302  accounts/2fa/authenticate/
POST 302 302 302 302 302 302 302 302  accounts/2fa/authenticate/
GET  302 302 302 302 302 302 302 302  accounts/2fa/reauthenticate/
POST 302 302 302 302 302 302 302 302  accounts/2fa/reauthenticate/
GET  302 302 302 302 302 302 302 302  accounts/2fa/totp/activate/
POST 302 302 302 302 302 302 302 302  accounts/2fa/totp/activate/
GET  302 404 404 404 404 404 404 404  accounts/2fa/totp/deactivate/
POST 302 404 404 404 404 404 404 404  accounts/2fa/totp/deactivate/
GET  302 404 404 404 404 404 404 404  accounts/2fa/recovery-codes/
POST 302 405 405 405 405 405 405 405  accounts/2fa/recovery-codes/
GET  302 302 302 302 302 302 302 302  accounts/2fa/recovery-codes/generate/
POST 302 302 302 302 302 302 302 302  accounts/2fa/recovery-codes/generate/
GET  302 404 404 404 404 404 404 404  accounts/2fa/recovery-codes/download/
POST 302 404 404 404 404 404 404 404  accounts/2fa/recovery-codes/download/
GET  302 200 200 200 200 200 200 200  accounts/2fa/webauthn/
POST 302 405 405 405 405 405 405 405  accounts/2fa/webauthn/
GET  302 302 302 302 302 302 302 302  accounts/2fa/webauthn/add/
POST 302 302 302 302 302 302 302 302  accounts/2fa/webauthn/add/
GET  302 302 302 302 302 302 302 302  accounts/2fa/webauthn/reauthenticate/
POST 302 302 302 302 302 302 302 302  accounts/2fa/webauthn/reauthenticate/
GET  302 302 302 302 302 302 302 302  accounts/2fa/webauthn/keys/<int:pk>/remove/
POST 302 302 302 302 302 302 302 302  accounts/2fa/webauthn/keys/<int:pk>/remove/
GET  302 302 302 302 302 302 302 302  accounts/2fa/webauthn/keys/<int:pk>/edit/
POST 302 302 302 302 302 302 302 302  accounts/2fa/webauthn/keys/<int:pk>/edit/
GET  302 302 302 302 302 302 302 302  accounts/2fa/webauthn/login/
POST 302 302 302 302 302 302 302 302  accounts/2fa/webauthn/login/
GET  200 302 302 302 302 302 302 302  accounts/language/
POST 302 302 302 302 302 302 302 302  accounts/language/
GET  302 200 200 200 200 200 200 200  accounts/profile/
POST 302 422 422 422 422 422 422 422  accounts/profile/
GET  302 200 200 200 200 200 200 200  accounts/sessions/
POST 302 302 302 302 302 302 302 302  accounts/sessions/
GET  302 405 405 405 405 405 405 405  accounts/sessions/<int:pk>/end/
POST 302 404 404 404 404 404 404 404  accounts/sessions/<int:pk>/end/
# Personal tokens, and the API: no session counts there, so everybody is nobody.
GET  302 200 200 200 200 200 200 200  accounts/tokens/
POST 302 302 302 302 302 302 302 302  accounts/tokens/
GET  405 405 405 405 405 405 405 405  accounts/tokens/<int:pk>/revoke/
POST 302 302 404 404 404 404 404 404  accounts/tokens/<int:pk>/revoke/
GET  200 200 200 200 200 200 200 200  api/docs
POST 405 405 405 405 405 405 405 405  api/docs
GET  200 200 200 200 200 200 200 200  api/openapi.json
POST 200 200 200 200 200 200 200 200  api/openapi.json
GET  404 404 404 404 404 404 404 404  api/
POST 404 404 404 404 404 404 404 404  api/
GET  404 404 404 404 404 404 404 404  api/<path:rest>
POST 404 404 404 404 404 404 404 404  api/<path:rest>
GET  401 401 401 401 401 401 401 401  api/v1/me
POST 405 405 405 405 405 405 405 405  api/v1/me
GET  401 401 401 401 401 401 401 401  api/v1/applications
POST 405 405 405 405 405 405 405 405  api/v1/applications
GET  401 401 401 401 401 401 401 401  api/v1/applications/<number>
POST 405 405 405 405 405 405 405 405  api/v1/applications/<number>
GET  401 401 401 401 401 401 401 401  api/v1/keys
POST 405 405 405 405 405 405 405 405  api/v1/keys
GET  405 405 405 405 405 405 405 405  api/v1/applications/<number>/withdraw
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/withdraw
GET  405 405 405 405 405 405 405 405  api/v1/applications/<number>/leave
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/leave
GET  405 405 405 405 405 405 405 405  api/v1/applications/<number>/invitation
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/invitation
GET  405 405 405 405 405 405 405 405  api/v1/applications/<number>/appeals/<kind>/withdraw
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/appeals/<kind>/withdraw
GET  401 401 401 401 401 401 401 401  api/v1/applications/<number>/appeals
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/appeals
GET  401 401 401 401 401 401 401 401  api/v1/applications/<number>/questions
POST 405 405 405 405 405 405 405 405  api/v1/applications/<number>/questions
GET  401 401 401 401 401 401 401 401  api/v1/access
POST 405 405 405 405 405 405 405 405  api/v1/access
GET  401 401 401 401 401 401 401 401  api/v1/access/<access>/usage
POST 405 405 405 405 405 405 405 405  api/v1/access/<access>/usage
GET  401 401 401 401 401 401 401 401  api/v1/keys/<key_id>
POST 405 405 405 405 405 405 405 405  api/v1/keys/<key_id>
GET  405 405 405 405 405 405 405 405  api/v1/applications/<number>/answer
POST 401 401 401 401 401 401 401 401  api/v1/applications/<number>/answer
GET  405 405 405 405 405 405 405 405  api/v1/access/<access>/keys
POST 401 401 401 401 401 401 401 401  api/v1/access/<access>/keys
GET  405 405 405 405 405 405 405 405  api/v1/export
POST 401 401 401 401 401 401 401 401  api/v1/export
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/rename
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/rename
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/limit
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/limit
GET  405 405 405 405 405 405 405 405  api/v1/access/<access>/reports
POST 401 401 401 401 401 401 401 401  api/v1/access/<access>/reports
GET  401 401 401 401 401 401 401 401  api/v1/reports/<receipt>
POST 405 405 405 405 405 405 405 405  api/v1/reports/<receipt>
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/suspend
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/suspend
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/resume
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/resume
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/revoke
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/revoke
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/end-old
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/end-old
GET  405 405 405 405 405 405 405 405  api/v1/keys/<key_id>/rotate
POST 401 401 401 401 401 401 401 401  api/v1/keys/<key_id>/rotate
# The admin's own pages.
GET  302 302 302 302 302 302 200 200  admin/
POST 302 302 302 302 302 302 200 200  admin/
GET  302 403 403 302 302 302 302 302  admin/login/
POST 302 403 403 302 302 302 302 302  admin/login/
GET  302 302 302 405 405 405 405 405  admin/logout/
POST 302 302 302 200 200 200 200 200  admin/logout/
GET  302 302 302 200 200 200 200 200  admin/password_change/
POST 302 302 302 200 200 200 200 200  admin/password_change/
GET  302 302 302 200 200 200 200 200  admin/password_change/done/
POST 302 302 302 405 405 405 405 405  admin/password_change/done/
GET  302 302 302 403 403 403 403 403  admin/autocomplete/
POST 302 302 302 405 405 405 405 405  admin/autocomplete/
GET  302 302 302 200 200 200 200 200  admin/jsi18n/
POST 302 302 302 405 405 405 405 405  admin/jsi18n/
GET  302 302 302 404 404 404 404 404  admin/r/<path:content_type_id>/<path:object_id>/
POST 302 302 302 404 404 404 404 404  admin/r/<path:content_type_id>/<path:object_id>/
GET  302 302 302 403 200 403 200 403  admin/enforcement/anomalyrule/rules/
POST 302 302 302 405 405 405 405 405  admin/enforcement/anomalyrule/rules/
GET  302 302 302 403 200 403 200 403  admin/enforcement/anomalyrule/rules/<int:pk>/
POST 302 302 302 403 422 403 422 403  admin/enforcement/anomalyrule/rules/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/anomalyrule/rules/<int:pk>/switch/
POST 302 302 302 403 302 403 302 403  admin/enforcement/anomalyrule/rules/<int:pk>/switch/
GET  302 302 302 405 405 405 405 405  admin/enforcement/anomalyrule/rules/<int:pk>/try/
POST 302 302 302 403 422 403 422 403  admin/enforcement/anomalyrule/rules/<int:pk>/try/
GET  302 302 302 405 405 405 405 405  admin/enforcement/anomalyrule/throttles/<int:pk>/<slug:verb>/
POST 302 302 302 403 302 403 403 403  admin/enforcement/anomalyrule/throttles/<int:pk>/<slug:verb>/
GET  302 302 302 403 200 403 200 403  admin/enforcement/anomalyrule/trials/<int:pk>/progress.json
POST 302 302 302 405 405 405 405 405  admin/enforcement/anomalyrule/trials/<int:pk>/progress.json
GET  302 302 302 403 403 200 403 403  admin/onboarding/limit/set/
POST 302 302 302 403 403 422 403 403  admin/onboarding/limit/set/
GET  302 302 302 405 405 405 405 405  admin/onboarding/limit/<int:pk>/end/
POST 302 302 302 403 403 302 403 403  admin/onboarding/limit/<int:pk>/end/
GET  302 302 302 403 403 403 200 403  admin/enforcement/filterrule/rules/
POST 302 302 302 405 405 405 405 405  admin/enforcement/filterrule/rules/
GET  302 302 302 403 403 403 200 403  admin/enforcement/filterrule/rules/new/
POST 302 302 302 403 403 403 422 403  admin/enforcement/filterrule/rules/new/
GET  302 302 302 403 403 403 200 403  admin/enforcement/filterrule/rules/<int:pk>/
POST 302 302 302 403 403 403 422 403  admin/enforcement/filterrule/rules/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/filterrule/rules/<int:pk>/switch/
POST 302 302 302 403 403 403 404 403  admin/enforcement/filterrule/rules/<int:pk>/switch/
GET  302 302 302 405 405 405 405 405  admin/enforcement/filterrule/rules/<int:pk>/back-test/
POST 302 302 302 403 403 403 404 403  admin/enforcement/filterrule/rules/<int:pk>/back-test/
GET  302 302 302 403 403 403 200 403  admin/enforcement/filterrule/back-tests/<int:number>/
POST 302 302 302 405 405 405 405 405  admin/enforcement/filterrule/back-tests/<int:number>/
GET  302 302 302 403 403 403 200 403  admin/enforcement/filterrule/back-tests/<int:number>/progress.json
POST 302 302 302 405 405 405 405 405  admin/enforcement/filterrule/back-tests/<int:number>/progress.json
GET  302 302 302 403 403 200 403 403  admin/enforcement/integrator/tokens/
POST 302 302 302 403 403 422 403 403  admin/enforcement/integrator/tokens/
GET  302 302 302 405 405 405 405 405  admin/enforcement/integrator/<int:pk>/revoke/
POST 302 302 302 403 403 302 403 403  admin/enforcement/integrator/<int:pk>/revoke/
GET  302 302 302 405 405 405 405 405  admin/enforcement/integrator/<int:pk>/mark/
POST 302 302 302 403 403 302 403 403  admin/enforcement/integrator/<int:pk>/mark/
GET  302 302 302 403 200 200 200 200  admin/enforcement/leakreport/rule/
POST 302 302 302 403 403 422 422 403  admin/enforcement/leakreport/rule/
GET  302 302 302 403 403 200 403 403  admin/enforcement/webhook/addresses/
POST 302 302 302 403 403 422 403 403  admin/enforcement/webhook/addresses/
GET  302 302 302 403 403 200 403 403  admin/enforcement/webhook/addresses/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/enforcement/webhook/addresses/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/webhook/addresses/<int:pk>/rotate/
POST 302 302 302 403 403 200 403 403  admin/enforcement/webhook/addresses/<int:pk>/rotate/
GET  302 302 302 405 405 405 405 405  admin/enforcement/webhook/addresses/<int:pk>/stop/
POST 302 302 302 403 403 302 403 403  admin/enforcement/webhook/addresses/<int:pk>/stop/
GET  302 302 302 405 405 405 405 405  admin/enforcement/webhook/addresses/<int:pk>/resume/
POST 302 302 302 403 403 302 403 403  admin/enforcement/webhook/addresses/<int:pk>/resume/
GET  302 302 302 405 405 405 405 405  admin/enforcement/webhook/addresses/<int:pk>/messages/<int:message>/again/
POST 302 302 302 403 403 302 403 403  admin/enforcement/webhook/addresses/<int:pk>/messages/<int:message>/again/
GET  302 302 302 200 200 403 403 403  admin/enforcement/flagcase/open/
POST 302 302 302 405 405 405 405 405  admin/enforcement/flagcase/open/
GET  302 302 302 403 403 200 200 403  admin/enforcement/flagcase/emergencies/
POST 302 302 302 403 403 422 422 403  admin/enforcement/flagcase/emergencies/
GET  302 302 302 200 200 403 403 403  admin/enforcement/flagcase/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/take/
POST 302 302 302 409 409 403 403 403  admin/enforcement/flagcase/<int:pk>/take/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/release/
POST 302 302 302 302 302 403 403 403  admin/enforcement/flagcase/<int:pk>/release/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/decide/
POST 302 302 302 409 409 403 403 403  admin/enforcement/flagcase/<int:pk>/decide/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/find/
POST 302 302 302 409 409 403 403 403  admin/enforcement/flagcase/<int:pk>/find/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/attach/
POST 302 302 302 409 409 403 403 403  admin/enforcement/flagcase/<int:pk>/attach/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/sanction/
POST 302 302 302 409 422 403 403 403  admin/enforcement/flagcase/<int:pk>/sanction/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/raise/<int:pk>/
POST 302 302 302 302 302 403 403 403  admin/enforcement/flagcase/raise/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/excerpt/<int:flag>/
POST 302 302 302 200 200 403 403 403  admin/enforcement/flagcase/<int:pk>/excerpt/<int:flag>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/sanction/<int:sanction>/<slug:verb>/
POST 302 302 302 404 404 403 403 403  admin/enforcement/flagcase/<int:pk>/sanction/<int:sanction>/<slug:verb>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/flagcase/<int:pk>/appeal/<int:appeal>/<slug:verb>/
POST 302 302 302 409 302 403 403 403  admin/enforcement/flagcase/<int:pk>/appeal/<int:appeal>/<slug:verb>/
GET  302 302 302 200 200 403 403 403  admin/enforcement/flagcase/
POST 302 302 302 200 200 403 403 403  admin/enforcement/flagcase/
GET  302 302 302 403 403 403 403 403  admin/enforcement/flagcase/add/
POST 302 302 302 403 403 403 403 403  admin/enforcement/flagcase/add/
GET  302 302 302 200 200 403 403 403  admin/enforcement/flagcase/<path:object_id>/history/
GET  302 302 302 403 403 403 403 403  admin/enforcement/flagcase/<path:object_id>/delete/
POST 302 302 302 403 403 403 403 403  admin/enforcement/flagcase/<path:object_id>/delete/
GET  302 302 302 302 302 403 403 403  admin/enforcement/flagcase/<path:object_id>/change/
POST 302 302 302 302 302 403 403 403  admin/enforcement/flagcase/<path:object_id>/change/
GET  302 302 302 200 200 403 403 403  admin/enforcement/flagcase/<path:object_id>/
GET  302 302 302 403 200 403 403 403  admin/enforcement/waiver/exceptions/
POST 302 302 302 405 405 405 405 405  admin/enforcement/waiver/exceptions/
GET  302 302 302 403 200 403 403 403  admin/enforcement/waiver/give/<int:pk>/
POST 302 302 302 403 422 403 403 403  admin/enforcement/waiver/give/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/waiver/<int:pk>/end/
POST 302 302 302 403 302 403 403 403  admin/enforcement/waiver/<int:pk>/end/
GET  302 302 302 403 200 403 403 403  admin/enforcement/appeal/open/
POST 302 302 302 405 405 405 405 405  admin/enforcement/appeal/open/
GET  302 302 302 403 200 403 403 403  admin/enforcement/appeal/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/enforcement/appeal/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/enforcement/appeal/<int:pk>/take/
POST 302 302 302 403 302 403 403 403  admin/enforcement/appeal/<int:pk>/take/
GET  302 302 302 405 405 405 405 405  admin/enforcement/appeal/<int:pk>/release/
POST 302 302 302 403 302 403 403 403  admin/enforcement/appeal/<int:pk>/release/
GET  302 302 302 405 405 405 405 405  admin/enforcement/appeal/<int:pk>/decide/
POST 302 302 302 403 422 403 403 403  admin/enforcement/appeal/<int:pk>/decide/
GET  302 302 302 405 405 405 405 405  admin/onboarding/grant/<int:pk>/access/<slug:verb>/
POST 302 302 302 403 302 403 403 403  admin/onboarding/grant/<int:pk>/access/<slug:verb>/
GET  302 302 302 405 405 405 405 405  admin/onboarding/showcaseentry/<int:pk>/judge/<slug:verb>/
POST 302 302 302 302 302 403 403 403  admin/onboarding/showcaseentry/<int:pk>/judge/<slug:verb>/
GET  302 302 302 405 405 405 405 405  admin/onboarding/waitlistentry/<int:pk>/line/<slug:verb>/
POST 302 302 302 403 403 302 403 403  admin/onboarding/waitlistentry/<int:pk>/line/<slug:verb>/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/board/
POST 302 302 302 403 403 200 403 200  admin/onboarding/program/board/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/rate/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/rate/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/pause/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/pause/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/resume/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/resume/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/line/
POST 302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/line/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/stuck/<slug:group>/
POST 302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/stuck/<slug:group>/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/review-rules/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/review-rules/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/guards/
POST 302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/guards/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/guards/<slug:guard>/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/guards/<slug:guard>/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/freezes/<int:pk>/lift/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/freezes/<int:pk>/lift/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/plan/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/plan/
GET  302 302 302 403 403 200 403 200  admin/onboarding/program/<slug:slug>/stage/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/stage/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/stage/<int:pk>/cancel/
POST 302 302 302 403 403 302 403 403  admin/onboarding/program/<slug:slug>/stage/<int:pk>/cancel/
GET  302 302 302 403 403 200 403 403  admin/onboarding/program/<slug:slug>/line-bulk/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/line-bulk/
GET  302 302 302 403 403 200 403 403  admin/onboarding/program/<slug:slug>/line-bulk/<int:pk>/progress.json
POST 302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/line-bulk/<int:pk>/progress.json
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/line-bulk/<int:pk>/<slug:verb>/
POST 302 302 302 403 403 302 403 403  admin/onboarding/program/<slug:slug>/line-bulk/<int:pk>/<slug:verb>/
GET  302 302 302 403 403 200 403 403  admin/onboarding/program/<slug:slug>/picks/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/picks/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/picks/ask/
POST 302 302 302 403 403 422 403 403  admin/onboarding/program/<slug:slug>/picks/ask/
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/picks/rows.csv
POST 302 302 302 403 403 302 403 403  admin/onboarding/program/<slug:slug>/picks/rows.csv
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/picks/<int:pk>/withdraw/
POST 302 302 302 403 403 302 403 403  admin/onboarding/program/<slug:slug>/picks/<int:pk>/withdraw/
GET  302 302 302 403 403 200 403 403  admin/onboarding/program/<slug:slug>/picks/lists/<int:pk>/progress.json
POST 302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/picks/lists/<int:pk>/progress.json
GET  302 302 302 405 405 405 405 405  admin/onboarding/program/<slug:slug>/picks/lists/<int:pk>/<slug:verb>/
POST 302 302 302 403 403 302 403 403  admin/onboarding/program/<slug:slug>/picks/lists/<int:pk>/<slug:verb>/
GET  302 302 302 403 403 403 200 403  admin/onboarding/questionset/editor/
POST 302 302 302 403 403 403 200 403  admin/onboarding/questionset/editor/
GET  302 302 302 405 405 405 405 405  admin/onboarding/questionset/<int:pk>/draft/
POST 302 302 302 403 403 403 302 403  admin/onboarding/questionset/<int:pk>/draft/
GET  302 302 302 403 403 403 200 403  admin/onboarding/questionset/drafts/<int:pk>/
POST 302 302 302 403 403 403 409 403  admin/onboarding/questionset/drafts/<int:pk>/
GET  302 302 302 403 403 403 200 403  admin/onboarding/questionset/drafts/<int:pk>/preview/
POST 302 302 302 403 403 403 404 403  admin/onboarding/questionset/drafts/<int:pk>/preview/
GET  302 302 302 405 405 405 405 405  admin/onboarding/questionset/drafts/<int:pk>/publish/
POST 302 302 302 403 403 403 422 403  admin/onboarding/questionset/drafts/<int:pk>/publish/
GET  302 302 302 405 405 405 405 405  admin/onboarding/questionset/drafts/<int:pk>/discard/
POST 302 302 302 403 403 403 422 403  admin/onboarding/questionset/drafts/<int:pk>/discard/
GET  302 302 302 403 403 200 403 403  admin/onboarding/importjob/upload/
POST 302 302 302 403 403 200 403 403  admin/onboarding/importjob/upload/
GET  302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/report/
POST 302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/report/
GET  302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/progress.json
POST 302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/progress.json
GET  302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/problems.csv
POST 302 302 302 403 403 200 403 403  admin/onboarding/importjob/<int:pk>/problems.csv
GET  302 302 302 405 405 405 405 405  admin/onboarding/importjob/<int:pk>/again/
POST 302 302 302 403 403 302 403 403  admin/onboarding/importjob/<int:pk>/again/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/desk/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/desk/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/desk/next/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/desk/next/
GET  302 302 302 403 200 200 403 403  admin/reviews/case/claims/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/claims/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/renew/
POST 302 302 302 200 409 403 403 403  admin/reviews/case/<int:pk>/renew/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/hold/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/hold/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/hand-over/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/hand-over/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/take-away/
POST 302 302 302 403 302 302 403 403  admin/reviews/case/<int:pk>/take-away/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/desk/counts.json
POST 302 302 302 405 405 405 405 405  admin/reviews/case/desk/counts.json
GET  302 302 302 405 405 405 405 405  admin/reviews/case/desk/views/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/desk/views/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/desk/views/<int:pk>/default/
POST 302 302 302 302 404 403 403 403  admin/reviews/case/desk/views/<int:pk>/default/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/desk/views/<int:pk>/delete/
POST 302 302 302 302 404 403 403 403  admin/reviews/case/desk/views/<int:pk>/delete/
GET  302 302 302 403 200 200 403 403  admin/reviews/case/days-off/
POST 302 302 302 403 422 422 403 403  admin/reviews/case/days-off/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/days-off/<int:pk>/drop/
POST 302 302 302 403 302 302 403 403  admin/reviews/case/days-off/<int:pk>/drop/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/<int:pk>/files/<slug:token>/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/files/<slug:token>/
GET  302 302 302 302 302 403 403 403  admin/reviews/case/bulk/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/bulk/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/bulk/confirm/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/bulk/confirm/
GET  302 302 302 200 404 403 403 403  admin/reviews/case/bulk/<int:number>/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/bulk/<int:number>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/bulk/<int:number>/undo/
POST 302 302 302 422 404 403 403 403  admin/reviews/case/bulk/<int:number>/undo/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/exports/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/exports/
GET  302 302 302 200 404 403 403 403  admin/reviews/case/exports/<int:number>/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/exports/<int:number>/
GET  302 302 302 200 404 403 403 403  admin/reviews/case/exports/<int:number>/progress.json
POST 302 302 302 405 405 405 405 405  admin/reviews/case/exports/<int:number>/progress.json
GET  302 302 302 404 404 403 403 403  admin/reviews/case/exports/<int:number>/queue.csv
POST 302 302 302 405 405 405 405 405  admin/reviews/case/exports/<int:number>/queue.csv
GET  302 302 302 405 405 405 405 405  admin/reviews/case/exports/<int:number>/again/
POST 302 302 302 302 404 403 403 403  admin/reviews/case/exports/<int:number>/again/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/exports/<slug:slug>/<slug:what>/
POST 302 302 302 403 403 302 403 302  admin/reviews/case/exports/<slug:slug>/<slug:what>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/case-file/
POST 302 302 302 200 200 403 403 403  admin/reviews/case/<int:pk>/case-file/
GET  302 302 302 403 200 403 200 403  admin/reviews/case/rules/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/rules/
GET  302 302 302 403 200 403 200 403  admin/reviews/case/rules/new/
POST 302 302 302 403 422 403 422 403  admin/reviews/case/rules/new/
GET  302 302 302 403 200 403 200 403  admin/reviews/case/rules/<int:pk>/
POST 302 302 302 403 409 403 409 403  admin/reviews/case/rules/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/rules/<int:pk>/switch/
POST 302 302 302 403 302 403 302 403  admin/reviews/case/rules/<int:pk>/switch/
GET  302 302 302 403 200 403 200 403  admin/reviews/case/rules/automatic/<int:program>/
POST 302 302 302 403 422 403 403 403  admin/reviews/case/rules/automatic/<int:program>/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/second-look/
POST 302 302 302 409 409 403 403 403  admin/reviews/case/second-look/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/second-look/next/
POST 302 302 302 409 409 403 403 403  admin/reviews/case/second-look/next/
GET  302 302 302 403 200 403 403 403  admin/reviews/case/quality/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/quality/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/quality/golden/
POST 302 302 302 403 422 403 403 403  admin/reviews/case/quality/golden/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/quality/cards/<int:card>/
POST 302 302 302 403 404 403 403 403  admin/reviews/case/quality/cards/<int:card>/
GET  302 302 302 403 200 403 403 403  admin/reviews/case/quality/shares/<slug:slug>/
POST 302 302 302 403 422 403 403 403  admin/reviews/case/quality/shares/<slug:slug>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/quality/golden/<int:golden>/retire/
POST 302 302 302 403 404 403 403 403  admin/reviews/case/quality/golden/<int:golden>/retire/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/claim/
POST 302 302 302 302 409 403 403 403  admin/reviews/case/<int:pk>/claim/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/release/
POST 302 302 302 302 409 403 403 403  admin/reviews/case/<int:pk>/release/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/findings/
POST 302 302 302 200 200 403 403 403  admin/reviews/case/<int:pk>/findings/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/notes/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/notes/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/unsent/
POST 302 302 302 200 200 403 403 403  admin/reviews/case/<int:pk>/unsent/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/test-login/
POST 302 302 302 409 409 403 403 403  admin/reviews/case/<int:pk>/test-login/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/decide/
POST 302 302 302 422 409 403 403 403  admin/reviews/case/<int:pk>/decide/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/preview/
POST 302 302 302 422 409 403 403 403  admin/reviews/case/<int:pk>/preview/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/change/<int:decision>/
POST 302 302 302 409 409 403 403 403  admin/reviews/case/<int:pk>/change/<int:decision>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/take-back/<int:decision>/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/take-back/<int:decision>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/correct/<int:decision>/
POST 302 302 302 409 409 403 403 403  admin/reviews/case/<int:pk>/correct/<int:decision>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/opinion/<int:decision>/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/opinion/<int:decision>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/sign/<int:decision>/
POST 302 302 302 302 409 403 403 403  admin/reviews/case/<int:pk>/sign/<int:decision>/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/give-back/<int:decision>/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/<int:pk>/give-back/<int:decision>/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/care/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/care/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/care/pause/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/care/pause/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/care/resume/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/care/resume/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/care/interests/
POST 302 302 302 422 422 403 403 403  admin/reviews/case/care/interests/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/care/interests/<int:interest>/end/
POST 302 302 302 302 404 403 403 403  admin/reviews/case/care/interests/<int:interest>/end/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/open-text/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/<int:pk>/open-text/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/<int:pk>/cover-text/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/<int:pk>/cover-text/
GET  302 302 302 403 200 200 403 403  admin/reviews/case/team/
POST 302 302 302 405 405 405 405 405  admin/reviews/case/team/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/team/rule/
POST 302 302 302 403 422 422 403 403  admin/reviews/case/team/rule/
GET  302 302 302 405 405 405 405 405  admin/reviews/case/team/override/
POST 302 302 302 403 422 422 403 403  admin/reviews/case/team/override/
GET  302 302 302 403 403 302 403 403  admin/onboarding/importjob/<path:object_id>/change/
POST 302 302 302 403 403 302 403 403  admin/onboarding/importjob/<path:object_id>/change/
GET  302 302 302 200 200 200 200 200  admin/^(?P<app_label>account|mfa|audit|outbox|accounts|auth|policies|onboarding|enforcement|reviews|transparency)/$
POST 302 302 302 200 200 200 200 200  admin/^(?P<app_label>account|mfa|audit|outbox|accounts|auth|policies|onboarding|enforcement|reviews|transparency)/$
GET  302 302 302 404 404 404 404 404  admin/(?P<url>.*)$
POST 302 302 302 404 404 404 404 404  admin/(?P<url>.*)$
GET  302 302 302 403 403 403 200 403  admin/policies/guidelineversion/new/
POST 302 302 302 403 403 403 422 403  admin/policies/guidelineversion/new/
GET  302 302 302 403 403 403 200 403  admin/policies/guidelineversion/<int:pk>/draft/
POST 302 302 302 403 403 403 422 403  admin/policies/guidelineversion/<int:pk>/draft/
GET  302 302 302 405 405 405 405 405  admin/policies/guidelineversion/<int:pk>/section/
POST 302 302 302 403 403 403 409 403  admin/policies/guidelineversion/<int:pk>/section/
GET  302 302 302 403 403 403 200 403  admin/policies/guidelineversion/<int:pk>/lanes/
POST 302 302 302 403 403 403 409 403  admin/policies/guidelineversion/<int:pk>/lanes/
GET  302 302 302 405 405 405 405 405  admin/policies/guidelineversion/<int:pk>/step/<slug:verb>/
POST 302 302 302 403 403 403 302 403  admin/policies/guidelineversion/<int:pk>/step/<slug:verb>/
GET  302 302 302 403 403 403 200 200  admin/transparency/lesson/lessons/
POST 302 302 302 403 403 403 422 403  admin/transparency/lesson/lessons/
GET  302 302 302 403 403 403 200 200  admin/transparency/lesson/lessons/<int:pk>/
POST 302 302 302 403 403 403 422 403  admin/transparency/lesson/lessons/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/transparency/lesson/lessons/<int:pk>/note/
POST 302 302 302 403 403 403 422 403  admin/transparency/lesson/lessons/<int:pk>/note/
GET  302 302 302 405 405 405 405 405  admin/transparency/lesson/lessons/<int:pk>/<slug:verb>/
POST 302 302 302 403 403 403 302 302  admin/transparency/lesson/lessons/<int:pk>/<slug:verb>/
GET  302 302 302 403 403 403 200 403  admin/policies/evaluation/records/<int:pk>/
POST 302 302 302 405 405 405 405 405  admin/policies/evaluation/records/<int:pk>/
GET  302 302 302 405 405 405 405 405  admin/policies/evaluation/records/<int:pk>/<slug:verb>/
POST 302 302 302 403 403 403 302 403  admin/policies/evaluation/records/<int:pk>/<slug:verb>/
GET  302 302 302 403 403 403 200 403  admin/policies/evaluation/add/
POST 302 302 302 403 403 403 200 403  admin/policies/evaluation/add/
GET  302 302 302 403 403 403 200 403  admin/policies/practice/add/
POST 302 302 302 403 403 403 200 403  admin/policies/practice/add/
GET  302 302 302 403 403 403 200 403  admin/policies/weaknessrecord/add/
POST 302 302 302 403 403 403 200 403  admin/policies/weaknessrecord/add/
GET  302 302 302 403 403 403 200 403  admin/policies/weaknessrecord/import/
POST 302 302 302 403 403 403 422 403  admin/policies/weaknessrecord/import/
GET  302 302 302 403 403 403 200 403  admin/policies/programrule/add/
POST 302 302 302 403 403 403 200 403  admin/policies/programrule/add/
GET  302 302 302 403 403 403 200 403  admin/policies/knownweakness/add/
POST 302 302 302 403 403 403 200 403  admin/policies/knownweakness/add/
GET  302 302 302 302 302 403 403 403  admin/reviews/case/<path:object_id>/change/
POST 302 302 302 302 302 403 403 403  admin/reviews/case/<path:object_id>/change/
GET  302 302 302 200 200 403 403 403  admin/reviews/case/<path:object_id>/
GET  302 302 302 403 302 403 403 403  admin/enforcement/appeal/<path:object_id>/change/
POST 302 302 302 403 302 403 403 403  admin/enforcement/appeal/<path:object_id>/change/
GET  302 302 302 403 200 403 403 403  admin/enforcement/appeal/<path:object_id>/
# The job queue: django-rq's pages, for Dora, who imports.
GET  302 302 302 403 403 200 403 403  admin/jobs/^stats.json/?$
POST 302 302 302 403 403 200 403 403  admin/jobs/^stats.json/?$
GET  302 302 302 403 403 200 403 403  admin/jobs/^stats.json/(?P<token>[\w]+)?/?$
POST 302 302 302 403 403 200 403 403  admin/jobs/^stats.json/(?P<token>[\w]+)?/?$
GET  302 302 302 403 403 200 403 403  admin/jobs/^metrics/?$
POST 302 302 302 403 403 200 403 403  admin/jobs/^metrics/?$
GET  302 302 302 403 403 200 403 403  admin/jobs/
POST 302 302 302 403 403 200 403 403  admin/jobs/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/details/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/details/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/finished/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/finished/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/failed/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/failed/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/failed/clear/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/<int:queue_index>/failed/clear/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/scheduled/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/scheduled/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/started/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/started/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/deferred/
POST 302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/deferred/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/empty/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/<int:queue_index>/empty/
GET  302 302 302 403 403 200 403 403  admin/jobs/queues/<int:queue_index>/requeue-all/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/<int:queue_index>/requeue-all/
GET  302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/
POST 302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/
GET  302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/results/<str:result_id>/
POST 302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/results/<str:result_id>/
GET  302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/delete/
POST 302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/delete/
GET  302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/requeue/
POST 302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/requeue/
GET  302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/enqueue/
POST 302 302 302 403 403 404 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/enqueue/
GET  302 302 302 403 403 405 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/stop/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/<int:queue_index>/<str:job_id>/stop/
GET  302 302 302 403 403 302 403 403  admin/jobs/queues/confirm-action/<int:queue_index>/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/confirm-action/<int:queue_index>/
GET  302 302 302 403 403 302 403 403  admin/jobs/queues/actions/<int:queue_index>/
POST 302 302 302 403 403 302 403 403  admin/jobs/queues/actions/<int:queue_index>/
GET  302 302 302 403 403 200 403 403  admin/jobs/workers/<int:queue_index>/
POST 302 302 302 403 403 200 403 403  admin/jobs/workers/<int:queue_index>/
GET  302 302 302 403 403 404 403 403  admin/jobs/workers/<int:queue_index>/<str:key>/
POST 302 302 302 403 403 404 403 403  admin/jobs/workers/<int:queue_index>/<str:key>/
GET  302 302 302 403 403 404 403 403  admin/jobs/schedulers/<int:scheduler_index>/
POST 302 302 302 403 403 404 403 403  admin/jobs/schedulers/<int:scheduler_index>/
GET  302 302 302 403 403 404 403 403  admin/jobs/cron-schedulers/<int:connection_index>/<str:scheduler_name>/
POST 302 302 302 403 403 404 403 403  admin/jobs/cron-schedulers/<int:connection_index>/<str:scheduler_name>/
GET  302 302 302 403 403 404 403 403  admin/jobs/cron-schedulers/<int:connection_index>/<str:scheduler_name>/jobs/<path:cron_job_name>/
POST 302 302 302 403 403 404 403 403  admin/jobs/cron-schedulers/<int:connection_index>/<str:scheduler_name>/jobs/<path:cron_job_name>/
"""

# The stock pages of the admin, and who reads them: nobody adds, changes or deletes anything there.
READERS = {
    "account/emailaddress": "",
    "mfa/authenticator": "",
    "audit/ledgerentry": "axel",
    "audit/seal": "axel",
    "outbox/letter": "dora axel",
    "accounts/user": "axel",
    "accounts/organisation": "axel",
    "auth/group": "axel",
    "policies/evaluation": "pia",
    "policies/guidelineversion": "pia",
    "policies/consultation": "pia",
    "policies/knownweakness": "pia",
    "policies/practice": "pia",
    "policies/programrule": "pia",
    "policies/weaknessrecord": "pia",
    "onboarding/grant": "sam dora axel",
    "onboarding/key": "sam dora axel",
    "onboarding/program": "dora axel",
    "onboarding/importjob": "dora",
    "onboarding/application": "bob sam dora axel",
    "onboarding/waitlistentry": "dora axel",
    "onboarding/week": "dora axel",
    "onboarding/ratestep": "dora axel",
    "onboarding/invitation": "dora axel",
    "onboarding/questionset": "dora pia axel",
    "onboarding/showcaseentry": "bob sam dora axel",
    "reviews/case": "bob sam",
    "enforcement/appeal": "sam",
    "enforcement/waiver": "sam",
    "enforcement/filterrule": "pia",
    "enforcement/integrator": "dora",
    "enforcement/webhook": "dora",
    "enforcement/anomalyrule": "sam pia",
    "onboarding/limit": "dora",
    "enforcement/leakreport": "sam dora pia axel",
    "transparency/lesson": "pia axel",
    "transparency/report": "pia axel",
}
STOCK = re.compile(r"admin/([a-z]+/[a-z]+)/(|add/|<path:object_id>/(?:history/|delete/|change/)?)")
ONLY_SHOWN = re.compile(
    r"admin/[a-z]+/[a-z]+/<path:object_id>/(history/)?"
)  # stock pages that no form leads to
OUTSIDE = ["302"] * 3  # the admin sends nobody, Alice and Charlie to sign in as staff


def stock(model: str, page: str, method: str) -> list[str]:
    """Return the row of a stock page."""
    if page == "<path:object_id>/":  # an old form of the address: sent on to the page itself
        return [*OUTSIDE, *["302"] * 5]
    shut = page in ("add/", "<path:object_id>/delete/") or (page.endswith("change/") and method == "POST")
    readers = [] if shut else READERS[model].split()
    return [*OUTSIDE, *("200" if who in readers else "403" for who in PEOPLE[3:])]


def rows() -> dict[tuple[str, str], list[str]]:
    """Return (address, method) -> what each of PEOPLE is answered."""
    found = {}
    for address in ADDRESSES:
        for method in ("GET", "POST"):
            shown = method == "GET" or not ONLY_SHOWN.fullmatch(address)
            if shown and (match := STOCK.fullmatch(address)) and match[1] in READERS:
                found[address, method] = stock(match[1], match[2], method)
    for line in TABLE.strip().splitlines():
        if not line.startswith("#"):
            method, *statuses, address = line.split(maxsplit=len(PEOPLE) + 1)
            found["" if address == "(home)" else address, method] = statuses
    return found


ROWS = rows()
ASKED = [
    (address, method)
    for address in ADDRESSES
    for method in ("GET", "POST")
    if method == "GET" or not ONLY_SHOWN.fullmatch(address)
]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), made() as world:
        yield world


def test_every_address_has_its_row_and_every_row_its_address():
    assert (sorted(set(ASKED) - set(ROWS)), sorted(set(ROWS) - set(ASKED))) == ([], [])


@pytest.mark.parametrize(("address", "method"), ASKED)
def test_everybody_gets_what_the_table_says(world, address, method):
    path = world.path(address)

    got = [str(world.ask(who, method, path).status_code) for who in PEOPLE]

    assert dict(zip(PEOPLE, got, strict=True)) == dict(
        zip(PEOPLE, ROWS.get((address, method), []), strict=False)
    )


READ_BY_MACHINES = (".json", ".csv", "/feed/")


@pytest.mark.parametrize(
    "address",
    [each for each in ADDRESSES if each.endswith(READ_BY_MACHINES) and not each.startswith("admin/")],
)
def test_what_machines_read_does_not_hang_on_the_language_somebody_reads(world, address):
    path = world.path(address)

    spanish, english = (
        b"".join(Client(headers={"accept-language": language}).get(path)) for language in ("es", "en-gb")
    )

    assert spanish == english


# Programs ask these, without a session that another site could use: tokens of the API, signatures of scanners, the
# secret of a mail's own link.
SIGNED = ("api/", "leaks/report/", "guidelines/subscription/<slug:token>/end/")


@pytest.mark.parametrize("address", [each for each in ADDRESSES if not each.startswith(SIGNED)])
def test_a_post_without_its_token_is_refused_everywhere(world, address):
    """Asked as Alice, whose things they are, and as somebody who may do everything in the admin."""
    path = world.path(address)

    for who in ("alice", "root"):
        answer = world.ask(who, "POST", path, without_token=True)
        assert (answer.status_code, b"This form is out of date" in answer.content) == (403, True)


@pytest.fixture
def shared(world) -> Iterator[World]:
    """What is Alice's belongs to the organisation that Mo is a member of."""
    with transaction.atomic():
        alice = world.people["alice"]
        Owner.objects.filter(person=alice).update(person=None, organisation=world.organisation)
        yield world
        transaction.set_rollback(True)


def answers_to(world: World, who: str) -> dict[tuple[str, str], str]:
    """Return what somebody is answered at each address of one application, grant or key."""
    places = [ask for ask in ASKED if ask[0].startswith(("applications/<", "access/<", "access/keys/"))]
    return {
        (address, method): str(world.ask(who, method, world.path(address)).status_code)
        for address, method in places
    }


def test_another_member_may_do_with_the_organisations_things_what_the_applicant_may(shared):
    assert answers_to(shared, "mo") == answers_to(shared, "alice")


def test_a_former_member_finds_none_of_them(shared):
    memberships.remove(shared.member, by=shared.people["alice"], at=MONDAY)

    assert {status for status in answers_to(shared, "mo").values() if status != "405"} == {"404"}
