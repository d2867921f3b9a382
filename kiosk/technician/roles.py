"""Who may do what: three roles, each of them all that the one before it may."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a technician can be about to do."""

    CHANGE_PAPER = "change_paper"
    CLEAN_SCREEN = "clean_screen"
    SEE_HEALTH = "see_health"
    TAKE_OUT_OF_SERVICE = "take_out_of_service"
    RESTART = "restart"
    TEST_PARTS = "test_parts"
    CHANGE_SETTINGS = "change_settings"
    PAIR = "pair"
    APPLY_BUNDLE = "apply_bundle"
    EXPORT_LOGS = "export_logs"
    PLAY_FAULTS = "play_faults"
    ENROL = "enrol"
    ROTATE_KEYS = "rotate_keys"
    DECOMMISSION = "decommission"


class Role(StrEnum):
    """What a technician is there for."""

    PAPER = "paper"
    SETUP = "setup"
    ADMIN = "admin"

    def may(self, action: Action) -> bool:
        """Whether the role covers an action."""
        return action in _ACTIONS[self]


_PAPER = frozenset(
    {
        Action.CHANGE_PAPER,
        Action.CLEAN_SCREEN,
        Action.SEE_HEALTH,
        Action.TAKE_OUT_OF_SERVICE,
        Action.RESTART,
    }
)
_ADMIN_ONLY = frozenset({Action.ENROL, Action.ROTATE_KEYS, Action.DECOMMISSION})
_ACTIONS = {
    Role.PAPER: _PAPER,
    Role.SETUP: frozenset(Action) - _ADMIN_ONLY,
    Role.ADMIN: frozenset(Action),
}
