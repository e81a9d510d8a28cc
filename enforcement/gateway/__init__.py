"""The gateway: one HTTP call answers whether a key may do this now.

A plain ASGI program, apart from Django's pages: one request, one Redis script, no SQL. docs/gateway.md tells its
answers, formulas and what happens when a part is away.
"""
