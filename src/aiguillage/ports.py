"""What an operator reads when a port cannot be had."""


def port_taken(what: str, place: str, setting: str, wrong: OSError) -> str:
    return f"{what} cannot listen on {place}: {wrong.strerror}. Stop what uses it, or set {setting}."
