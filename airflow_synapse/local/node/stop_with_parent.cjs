// Loaded before Azurite: when its standard input ends, whoever started it has ended or wants it to end.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref(); // waiting for that end is no reason to stay alive
