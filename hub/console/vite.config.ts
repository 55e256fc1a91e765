import { svelte, vitePreprocess } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte({ configFile: false, preprocess: vitePreprocess({ script: false }) })],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // Files, not data: URLs: the page runs under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      // Apart, so that a browser keeps what a release does not change.
      output: {
        codeSplitting: {
          groups: [
            { name: "map", test: /node_modules\/leaflet/u },
            { name: "chart", test: /node_modules\/uplot/u },
            { name: "words", test: /console\/src\/words\// },
          ],
        },
      },
    },
  },
  server: { port: 5189, host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:5190" } },
});
