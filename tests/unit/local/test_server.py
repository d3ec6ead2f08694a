import subprocess
import sys

HANGING = """
import threading, time
from airflow_synapse.local.server import close_and_exit

class Pool:
    def close(self):
        print("closing", flush=True)
        time.sleep(60)

threading.Thread(target=time.sleep, args=(60,)).start()
close_and_exit(Pool())
"""


def test_process_ends_although_a_statement_does_not():
    completed = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=30, check=True)

    assert completed.stdout == "closing\n"
