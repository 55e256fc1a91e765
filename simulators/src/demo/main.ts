import { HELP, parseDemoArguments } from "./arguments.ts";

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `demo: Node ${process.versions.node} is too old. Start it with "npm run demo", which brings Node 24 along, or install Node 24.`,
  );
  process.exitCode = 1;
} else {
  const args = parseDemoArguments(process.argv.slice(2));
  if (args === "help") console.log(HELP);
  else if ("problem" in args) {
    console.error(`demo: ${args.problem}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    // Loaded late: an older Node would stop at the first newer syntax before it could say what is wrong.
    const { runDemo } = await import("./run.ts");
    process.exitCode = await runDemo(args);
  }
}
