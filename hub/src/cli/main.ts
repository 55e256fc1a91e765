/** `gridhub <command>`: each command is loaded only when it is called. A command resolves to the exit code. */
interface Command {
  readonly summary: string;
  readonly run: (argv: string[]) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  hub: {
    summary: "start the hub (broker, database, rules, vision, API, console)",
    run: async (argv) => (await import("./hub.ts")).hubCommand(argv),
  },
  profile: {
    summary: "check, test, decode and create device profiles",
    run: async (argv) => (await import("@gridhub/device-profiles/cli/profile.ts")).profileCommand(argv),
  },
  grid: {
    summary: "check grid files, find the grid of a position, compare two versions, import",
    run: async (argv) => {
      if (argv[0] === "diff") return (await import("./grid-diff.ts")).gridDiffCommand(argv.slice(1));
      if (argv[0] === "import") return (await import("./grid-import.ts")).gridImportCommand(argv.slice(1));
      return (await import("./grid.ts")).gridCommand(argv);
    },
  },
  codes: {
    summary: "check, import and export the table of event codes (CSV)",
    run: async (argv) => (await import("./codes.ts")).codesCommand(argv),
  },
  rules: {
    summary: "check rules of areas, try rules on stored readings",
    run: async (argv) => (await import("./rules.ts")).rulesCommand(argv),
  },
  ais: {
    summary: "decode and encode AIS sentences",
    run: async (argv) => (await import("@gridhub/device-profiles/cli/ais.ts")).aisCommand(argv),
  },
  detect: {
    summary: "run a detection model on pictures",
    run: async (argv) => (await import("./detect.ts")).detectCommand(argv),
  },
};

export async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") {
    const { default: info } = await import("../../package.json", { with: { type: "json" } });
    console.log(info.version);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`gridhub: no command "${name}"\n\n${usage()}`);
    return 2;
  }
  return command.run(rest);
}

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: gridhub <command> [options]\n\n${lines.join("\n")}\n\n\`gridhub <command> --help\` explains each.`;
}
