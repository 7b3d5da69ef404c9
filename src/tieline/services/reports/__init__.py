"""The figures a manager asks for: counted as things happen, told by group, each opening to its rows."""
