import { answer, fault, operationOf, type SoapAnswer } from "./soap.ts";

export interface PtzPreset {
  readonly token: string;
  readonly name: string;
  /** generic spaces of ONVIF: -1..1, -1..1, 0..1 */
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

export interface PtzOptions {
  readonly presets: readonly PtzPreset[];
  /** ms UTC */
  readonly clock?: () => number;
  /** from anywhere to anywhere, ms */
  readonly turnMs?: number;
}

type Position = Pick<PtzPreset, "pan" | "tilt" | "zoom">;

/** The head of a camera that turns: goes to presets or anywhere, takes its time, and says where it is (ONVIF PTZ 2.0). */
export class PtzHead {
  readonly #presets: readonly PtzPreset[];
  readonly #clock: () => number;
  readonly #turnMs: number;
  #from: Position;
  #to: Position;
  #began = Number.NEGATIVE_INFINITY;

  constructor({ presets, clock = Date.now, turnMs = 0 }: PtzOptions) {
    this.#presets = presets;
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#from = this.#to = presets[0] ?? { pan: 0, tilt: 0, zoom: 0 };
  }

  /** @throws Error when no preset has this name */
  goToPreset(name: string): void {
    const preset = this.#presets.find((p) => p.name === name);
    if (preset === undefined) throw new Error(`no preset ${name}`);
    this.goTo(preset);
  }

  goTo(to: Position): void {
    this.#from = this.position;
    this.#to = to;
    this.#began = this.#clock();
  }

  get moving(): boolean {
    return this.#clock() - this.#began < this.#turnMs;
  }

  get position(): Position {
    const way = this.moving ? (this.#clock() - this.#began) / this.#turnMs : 1;
    const between = (a: number, b: number): number => a + (b - a) * way;
    const [a, b] = [this.#from, this.#to];
    return { pan: between(a.pan, b.pan), tilt: between(a.tilt, b.tilt), zoom: between(a.zoom, b.zoom) };
  }

  /** Name of the preset it looks at, "" = none. */
  get preset(): string {
    const at = this.position;
    if (this.moving) return "";
    return this.#presets.find((p) => p.pan === at.pan && p.tilt === at.tilt && p.zoom === at.zoom)?.name ?? "";
  }

  answer(request: string): SoapAnswer {
    const state = this.moving ? "MOVING" : "IDLE";
    switch (operationOf(request)) {
      case "GetStatus":
        return answer(`<tptz:GetStatusResponse xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"><tptz:PTZStatus>
          <tt:Position>${place(this.position)}</tt:Position>
          <tt:MoveStatus><tt:PanTilt>${state}</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom></tt:MoveStatus>
          <tt:UtcTime>${new Date(this.#clock()).toISOString()}</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>`);
      case "GetPresets":
        return answer(
          `<tptz:GetPresetsResponse xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl">${this.#presets
            .map(
              (p) =>
                `<tptz:Preset token="${p.token}"><tt:Name>${p.name}</tt:Name><tt:PTZPosition>${place(p)}</tt:PTZPosition></tptz:Preset>`,
            )
            .join("")}</tptz:GetPresetsResponse>`,
        );
      default:
        return fault("ter:ActionNotSupported", "not an operation of this head");
    }
  }
}

function place({ pan, tilt, zoom }: Position): string {
  return `<tt:PanTilt x="${pan}" y="${tilt}" space="http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"/>
    <tt:Zoom x="${zoom}" space="http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"/>`;
}
