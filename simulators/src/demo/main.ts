import { HELP, parseDemoArguments } from "./arguments.ts";

// The package script starts this file itself: where types are stripped by an older Node it must still say what it needs.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`demo: Node ${process.versions.node} is too old; use npm run demo, which brings Node 24 along.`);
  process.exitCode = 1;
} else {
  const args = parseDemoArguments(process.argv.slice(2));
  if (args === "help") console.log(HELP);
  else if ("problem" in args) {
    console.error(`demo: ${args.problem}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    const { runDemo } = await import("./run.ts");
    process.exitCode = await runDemo(args);
  }
}
