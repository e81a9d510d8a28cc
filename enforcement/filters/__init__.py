"""Content filters: what a text is read for, without Django's models. The gateway and the admin run the same engine."""
