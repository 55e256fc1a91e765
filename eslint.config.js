import js from "@eslint/js";
import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["**/node_modules/**", "hub/console/dist/**", ".gridhub/**"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "no-restricted-imports": ["error", { patterns: [{ group: ["**/index.ts"], message: "no barrel files" }] }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-console": "error",
    },
  },
  {
    files: ["{device-profiles,edge-agent,hub,simulators,test}/**/*.ts"],
    ignores: ["hub/console/**"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  {
    // Programs that a person runs speak on stdout; everything else logs through pino.
    files: [
      "**/cli/**",
      "**/main.ts",
      "**/bin/**",
      "test/**",
      "simulators/src/demo/**",
      "models/**",
      "hub/console/build.ts",
    ],
    rules: { "no-console": "off" },
  },
  {
    files: ["hub/console/src/**"],
    languageOptions: { globals: globals.browser },
  },
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
);
