"""The pure core: which call goes where, and why.

Nothing in here reads a file, a socket, a clock or a die. Everything is handed in: the plan, the
directory, people's live state, the call and the instant. See `decide.decide`.
"""
