// Plain JavaScript, so that a Node that cannot read TypeScript still gets to say what is wrong.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `cameras: Node ${process.versions.node} is too old. Start it with "npx node simulators/bin/cameras.mjs", which takes the Node 24 that comes along, or install Node 24.`,
  );
  process.exitCode = 1;
} else {
  await import("../src/camera-park/main.ts");
}
