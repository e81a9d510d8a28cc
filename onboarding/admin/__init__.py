"""The staff's side of onboarding, by page."""

from onboarding.admin import access, board, imports, limits, line, questions, showcase

__all__ = ["access", "board", "imports", "limits", "line", "questions", "showcase"]
