"""The comments of a pull request, and which of them are ours."""

from __future__ import annotations

import github
from github.IssueComment import IssueComment

from onnx_export_action.github import rest
from onnx_export_action.github.comment.exchange import Standing

_VIEWER = "query { viewer { login } }"
_ACTIONS = "github-actions[bot]"


class Thread:
    """The comments of one pull request, and which of them are ours."""

    def __init__(self, api_url: str, token: str, repository: str, number: int) -> None:
        self._github = rest.connect(api_url, token)
        self._issue = self._github.get_repo(repository).get_issue(number)
        self._handles: dict[int, IssueComment] = {}
        self._me = ""

    def close(self) -> None:
        """Close the connections."""
        self._github.close()

    def own(self) -> list[Standing]:
        """The comments by the owner of the token, oldest first."""
        self._me = self._me or rest.asked(self._viewer, "who the token belongs to")
        ours = rest.read(self._ours, "the comments")
        self._handles.update((standing.id, handle) for standing, handle in ours)
        return sorted((standing for standing, _ in ours), key=lambda standing: standing.id)

    def create(self, body: str) -> Standing:
        """A new comment."""
        return rest.asked(lambda: _standing(self._issue.create_comment(body)), "the new comment")

    def update(self, comment: int, body: str) -> None:
        """Another text for a comment of ours."""
        rest.asked(lambda: self._handles[comment].edit(body), "the comment's new text")

    def delete(self, comment: int) -> None:
        """Remove a second comment of ours."""
        rest.asked(lambda: self._handles[comment].delete(), "the removal of a second comment")

    def _viewer(self) -> str:
        try:
            _, answer = self._github.requester.graphql_query(_VIEWER, {})
        except github.GithubException as error:
            if error.status in (400, 403, 404, 422) and not rest.is_limit(error):
                return _ACTIONS  # a server that does not tell: the usual token belongs to this one
            raise
        login = answer["data"]["viewer"]["login"]
        return login if isinstance(login, str) and login else _ACTIONS

    def _ours(self) -> list[tuple[Standing, IssueComment]]:
        return [(_standing(each), each) for each in self._issue.get_comments() if self._is_mine(each)]

    def _is_mine(self, comment: IssueComment) -> bool:
        author = comment.user
        if author is None:  # an account that is gone
            return False
        return author.login == self._me or (author.type == "Bot" and author.login == f"{self._me}[bot]")


def _standing(found: IssueComment) -> Standing:
    return Standing(found.id, found.body or "", found.html_url)
