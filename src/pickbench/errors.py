"""The one exception for a user's mistake.

Whatever raises it has a message of one line that names the file, the trace or the key, the value found, and what
would be right. Everything else that is raised is a fault of ours and keeps its traceback.
"""


class InputError(ValueError):
    """A configuration, dataset or weight file that cannot be used as it is."""

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))
