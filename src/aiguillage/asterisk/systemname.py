"""By which name an Asterisk calls itself.

Every Uniqueid and Linkedid begins with it, `north-1796000000.12`; without one, two Asterisks give the same ids.
"""

from aiguillage.asterisk.manager import Manager


async def misnamed(manager: Manager, node: str) -> str:
    """What is wrong with its name, and the remedy, for an Asterisk that is to be `node`; empty: nothing.

    Raises AsteriskUnavailable.
    """
    found = (await manager.action("Getvar", Variable="SYSTEMNAME")).get("Value", "")
    if found == node:
        return ""
    has = f'calls itself "{found}"' if found else "has no name"
    return (
        f'Asterisk {has}, and AIGUILLAGE_NODE is "{node}", so its calls are not known from those of other nodes: write '
        f"systemname = {node} below [options] in asterisk.conf and restart Asterisk, or correct AIGUILLAGE_NODE"
    )
