// Plain JavaScript, so that a Node that cannot read TypeScript still gets to say what is wrong.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `demo: Node ${process.versions.node} is too old. Start it with "npm run demo", which brings Node 24 along, or install Node 24.`,
  );
  process.exitCode = 1;
} else {
  await import("../src/demo/main.ts");
}
