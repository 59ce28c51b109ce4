"""By which name an Asterisk calls itself.

Every Uniqueid and Linkedid begins with it, `north-1796000000.12`; without one, two Asterisks give the same ids.
"""

from aiguillage.asterisk.manager import Manager


async def systemname(manager: Manager) -> str:
    """Empty for none. Raises AsteriskUnavailable."""
    return (await manager.action("Getvar", Variable="SYSTEMNAME")).get("Value", "")


def misnamed(found: str, node: str) -> str:
    """What is wrong with that name for the Asterisk of `node`; empty: nothing."""
    if found == node:
        return ""
    has = f'calls itself "{found}"' if found else "has no name"
    return f'Asterisk {has}, and AIGUILLAGE_NODE is "{node}": its calls are not known from those of other nodes'


def remedy(node: str) -> str:
    return (
        f"write systemname = {node} below [options] in asterisk.conf and restart Asterisk, or correct AIGUILLAGE_NODE"
    )
