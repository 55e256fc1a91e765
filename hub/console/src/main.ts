import "leaflet/dist/leaflet.css";
import "uplot/dist/uPlot.min.css";
import "./tokens.css";
import "./base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { Desk } from "./desk.svelte.ts";

const desk = new Desk();
const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
mount(App, { target, props: { desk } });
void desk.start();
