"""Celery: the promises to applicants and the public, and the beat that sweeps them every minute.

A periodic task is idempotent: two beats double the ticks and change nothing else.
"""

import os

from celery import Celery
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("gatehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Addresses of others may be slow: posting to them waits in a queue, and with a worker, of its own. A worker that is
# started without -Q serves both, so that nothing is left lying.
app.conf.task_queues = [Queue(name, Exchange(name), routing_key=name) for name in ("promises", "webhooks")]
app.conf.task_routes = {"enforcement.tasks.send_webhooks": {"queue": "webhooks"}}

MINUTE, FIVE_MINUTES, HOUR = 60.0, 300.0, 3600.0
app.conf.beat_schedule = {
    name: {"task": name, "schedule": every, "options": {"expires": every}}
    for name, every in {
        "outbox.tasks.send_owed": MINUTE,
        "accounts.tasks.expire_due": MINUTE,
        "policies.tasks.put_in_force": MINUTE,
        "policies.tasks.tell_subscribers": MINUTE,
        "policies.tasks.drop_unconfirmed": HOUR,
        "policies.tasks.release_comments": MINUTE,
        "policies.tasks.tell_commenters": MINUTE,
        "accounts.tasks.warn_of_tokens": HOUR,
        "onboarding.tasks.admit_due": MINUTE,
        "onboarding.tasks.drop_old_readings": HOUR,
        "reviews.tasks.measure_guards": FIVE_MINUTES,
        "enforcement.tasks.measure_guards": FIVE_MINUTES,
        "onboarding.tasks.take_stages": MINUTE,
        "onboarding.tasks.tell_invitations": MINUTE,
        "onboarding.tasks.fold_counts": MINUTE,
        "onboarding.tasks.run_clocks": MINUTE,
        "onboarding.tasks.expire_due": MINUTE,
        "onboarding.tasks.remind_owed": MINUTE,
        "onboarding.tasks.wipe_owed": MINUTE,
        "onboarding.tasks.issue_owed_keys": MINUTE,
        "onboarding.tasks.project_owed": MINUTE,
        "enforcement.tasks.copy_last_used": MINUTE,
        "enforcement.tasks.copy_usage": MINUTE,
        "enforcement.tasks.find_anomalies": MINUTE,
        "enforcement.tasks.throttle_owed": MINUTE,
        "enforcement.tasks.notice_usage": MINUTE,
        "enforcement.tasks.tell_provider_of_usage": HOUR,
        "enforcement.tasks.seal_usage": HOUR,
        "enforcement.tasks.drop_old_usage": HOUR,
        "reviews.tasks.open_owed": MINUTE,
        "reviews.tasks.expect_owed": MINUTE,
        "reviews.tasks.keep_likenesses": MINUTE,
        "reviews.tasks.reroute_owed": MINUTE,
        "reviews.tasks.forget_exposure": HOUR,
        "reviews.tasks.drop_unsent": HOUR,
        "reviews.tasks.triage_owed": MINUTE,
        "reviews.tasks.rank_owed": MINUTE,
        "reviews.tasks.warn_of_promises": MINUTE,
        "reviews.tasks.release_claims": MINUTE,
        "reviews.tasks.tell_owed": MINUTE,
        "reviews.tasks.draw_owed": MINUTE,
        "reviews.tasks.chase_questions": MINUTE,
        "enforcement.tasks.release_appeals": MINUTE,
        "enforcement.tasks.record_flag_reports": MINUTE,
        "enforcement.tasks.release_flag_cases": MINUTE,
        "enforcement.tasks.settle_sanctions": MINUTE,
        "enforcement.tasks.carry_out_sanctions": MINUTE,
        "enforcement.tasks.forget_excerpts": HOUR,
        "enforcement.tasks.handle_leaks": MINUTE,
        "enforcement.tasks.send_webhooks": MINUTE,
        "enforcement.tasks.drop_old_messages": HOUR,
        "enforcement.tasks.flag_hits": MINUTE,
        "enforcement.tasks.drop_old_hits": HOUR,
        "accounts.tasks.erase_owed": MINUTE,
        "onboarding.tasks.erase_owed": MINUTE,
        "reviews.tasks.erase_owed": MINUTE,
        "enforcement.tasks.erase_owed": MINUTE,
        "reviews.tasks.drop_exports": HOUR,
        "onboarding.tasks.sweep_files": HOUR,
        "onboarding.tasks.check_forecasts": HOUR,
        "transparency.tasks.take_figures": HOUR,
        "audit.tasks.seal": HOUR,
    }.items()
}
