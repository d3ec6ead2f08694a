"""One load: its identity, its statements, its outcome. Pure: nothing here opens a connection or a file."""
