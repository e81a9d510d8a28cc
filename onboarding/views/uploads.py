"""Take uploads within bounds, and hand out what was kept: as a download, never as a page."""

from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext as _

from onboarding.domain import attachments
from onboarding.domain.attachments import Checked, Refused
from onboarding.models import Attachment

MOST_SENT = (attachments.MOST_FILES + 1) * attachments.MOST_BYTES  # of one request, before it is read
MOST_DRAINED = (
    4 * MOST_SENT
)  # read and thrown away, so that the answer arrives instead of a broken connection
AT_ONCE = 64 * 1024


class Bounded(FileUploadHandler):
    """Stands before Django's own handlers: a file that grows too large, or one too many, is not kept at all."""

    def __init__(self, request: HttpRequest | None = None):
        super().__init__(request)
        self.problems: list[str] = []
        self._files = self._received = 0

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)
        self._files, self._received = self._files + 1, 0
        if self._files == attachments.MOST_FILES + 1:
            self.problems.append(str(attachments.TooManyFiles()))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if self._files > attachments.MOST_FILES:
            raise SkipFile  # not before: until its first bytes come, the handlers' file is the one before it
        self._received += len(raw_data)
        if self._received > attachments.MOST_BYTES:
            name = attachments.shown_name(self.file_name or "")
            self.problems.append(str(Refused("too_big", name)))
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def is_too_much(request: HttpRequest) -> bool:
    """Return whether a request says that it is larger than all that may be sent; what came of it is thrown away."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    length = int(said) if said.isascii() and said.isdecimal() else 0
    if length <= MOST_SENT:
        return False
    left = min(length, MOST_DRAINED)
    while left > 0 and (read := request.read(min(AT_ONCE, left))):
        left -= len(read)
    return True


def looked_at(files: Sequence[UploadedFile]) -> tuple[list[Checked], list[str]]:
    """Look at each file; return those that may be kept, and what is wrong with each other. Stop after a slow one."""
    found, problems = [], []
    for file in files:
        try:
            found.append(attachments.checked(file))
        except Refused as refused:
            problems.append(str(refused))
            if refused.problem == "slow":
                break
    return found, problems


def download(attachment: Attachment) -> FileResponse:
    """Answer with a kept file as a download of a fixed type that no browser opens as a page; 404 once it is gone."""
    try:
        file = attachments.open(attachment)
    except attachments.Gone as gone:
        raise Http404(str(gone)) from gone
    answer = FileResponse(
        file, as_attachment=True, filename=attachment.name, content_type=attachments.content_type(attachment)
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-store"
    return answer


def too_much() -> str:
    """Return the sentence for a request that is larger than all that may be sent."""
    return _(
        "That is more than can be sent at once: at most %(files)d files of 10 MB each. Nothing was stored; go back, "
        "copy your words, and choose fewer or smaller files."
    ) % {"files": attachments.MOST_FILES}
