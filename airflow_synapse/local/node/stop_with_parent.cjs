// Loaded before Azurite: when whoever started it is gone, its standard input ends, and so does it.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
