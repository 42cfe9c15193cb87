// Starts docmill.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export function docmill(program, folder, ...words) {
  const ran = spawnSync(program, words, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(`docmill ${words.join(" ")}: ${ran.status}\n${ran.stderr}`);
  return ran.stdout;
}

// A review that is served. It ends by itself without requests.
export class Server {
  static async start(program, folder, ...words) {
    const child = spawn(program, ["review", "job.yaml", "--no-open", "--idle", "120s", ...words], { cwd: folder, env: { ...process.env, USER: "tester" } });
    const server = new Server();
    server.child = child;
    server.errors = "";
    child.stderr.on("data", (data) => (server.errors += data));
    server.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
    let output = "";
    server.address = await new Promise((resolve, reject) => {
      child.stdout.on("data", (data) => {
        output += data;
        if (output.includes("\n")) resolve(output.trim());
      });
      server.ended.then(() => reject(new Error(`docmill review ended: ${server.errors}`)));
    });
    server.output = () => output;
    server.origin = new URL(server.address).origin;
    server.port = new URL(server.address).port;
    return server;
  }

  // CPU time so far, in seconds, without its decoder processes.
  cpu() {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  // The most memory that it has used, in megabytes, without its decoder processes.
  peakMemory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Math.round(Number(status.match(/VmHWM:\s+(\d+) kB/)[1]) / 1000);
  }

  end(signal) {
    this.child.kill(signal);
    return this.ended;
  }
}
