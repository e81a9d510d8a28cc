"""What must hold of the letters, as SQL that returns the rows breaking it (`check_invariants` runs all of them)."""

INVARIANTS: dict[str, str] = {
    "A letter that was sent is not recalled, given up or owed a next try.": """
        SELECT id, kind FROM outbox_letter
        WHERE sent_at IS NOT NULL AND (recalled_at IS NOT NULL OR given_up_at IS NOT NULL OR problem <> '')""",
    "A letter that was sent or given up was tried.": """
        SELECT id, kind FROM outbox_letter
        WHERE (sent_at IS NOT NULL OR given_up_at IS NOT NULL) AND (tries = 0 OR tried_at IS NULL)""",
    "The text of a letter with a one-time link is gone once it is sent.": """
        SELECT id, kind FROM outbox_letter WHERE passing AND sent_at IS NOT NULL AND html <> ''""",
    "Every letter has an address, a subject and a text.": """
        SELECT id, kind FROM outbox_letter WHERE recipient = '' OR subject = '' OR text = ''""",
}
