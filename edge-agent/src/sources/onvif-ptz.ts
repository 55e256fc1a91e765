import { CameraError } from "./camera-error.ts";
import type { OnvifSoap } from "./onvif-soap.ts";
import { escapeXml, find, findAll, textAt, type XmlNode } from "./onvif-xml.ts";

const PTZ = "http://www.onvif.org/ver20/ptz/wsdl";
/** How often a camera is asked where it looks, and how often what its presets are; ms. */
const STATUS_MS = 1000;
const PRESETS_MS = 600_000;
/** A preset is where its position is, within the play of a gear; generic spaces of ONVIF, -1..1 and 0..1. */
const NEAR = { pan: 0.01, tilt: 0.01, zoom: 0.02 };
const MAX_PRESETS = 300;

/** Where a camera that turns looks. */
export interface Pointing {
  /** "" = at none */
  readonly preset: string;
  /** it turns, looks away from its presets, or cannot say where it looks */
  readonly moving: boolean;
}

interface Position {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/**
 * Where a camera that turns looks (ONVIF PTZ service): asks for its position and compares it with those of its presets. Reads only;
 * nothing is ever moved. A camera without presets counts as fixed unless it says that it turns.
 */
export class OnvifPtz {
  readonly #soap: OnvifSoap;
  readonly #url: string;
  readonly #profile: string;
  #presets: readonly (Position & { readonly name: string })[] = [];
  #named = false;
  #presetsAsked = Number.NEGATIVE_INFINITY;
  #asked = Number.NEGATIVE_INFINITY;
  #last: Pointing | null = null;
  /** the service is named, but says nothing of use */
  #mute = false;

  constructor(soap: OnvifSoap, url: string, profile: string) {
    this.#soap = soap;
    this.#url = url;
    this.#profile = profile;
  }

  /** @param now ms UTC @returns null = it does not turn. @throws CameraError when it does not answer */
  async pointing(now: number, stop?: AbortSignal): Promise<Pointing | null> {
    if (this.#mute) return null;
    if (now >= this.#presetsAsked && now - this.#presetsAsked >= PRESETS_MS) {
      await this.#askPresets(stop);
      this.#presetsAsked = now;
    }
    if (now < this.#asked || now - this.#asked >= STATUS_MS) {
      this.#last = await this.#askStatus(stop);
      this.#asked = now;
    }
    return this.#last;
  }

  async #askPresets(stop?: AbortSignal): Promise<void> {
    const answer = await this.#call("GetPresets", stop);
    const all = answer === null ? [] : findAll(answer, "Preset").slice(0, MAX_PRESETS);
    this.#named = all.length > 0;
    this.#presets = all.flatMap((node) => {
      const position = positionOf(find(node, "PTZPosition"));
      const name = (textAt(node, "Name") || (node.attributes.token ?? "")).slice(0, 64);
      return position === null || name === "" ? [] : [{ ...position, name }];
    });
  }

  async #askStatus(stop?: AbortSignal): Promise<Pointing | null> {
    const answer = await this.#call("GetStatus", stop);
    if (answer === null && !this.#named) {
      this.#mute = true;
      return null;
    }
    const at = answer === null ? null : positionOf(find(answer, "Position"));
    const turns = answer !== null && findAll(answer, "MoveStatus").some(says("MOVING"));
    if (turns) return { preset: "", moving: true };
    if (!this.#named) return null;
    const preset = at === null ? undefined : this.#presets.find((p) => isNear(p, at));
    return preset === undefined ? { preset: "", moving: true } : { preset: preset.name, moving: false };
  }

  /**
   * null = the device does not know the operation, or this account may not ask: pictures come all the same. (A wrong password showed
   * when the profiles were asked for.)
   */
  async #call(operation: string, stop?: AbortSignal): Promise<XmlNode | null> {
    const body = `<${operation} xmlns="${PTZ}"><ProfileToken>${escapeXml(this.#profile)}</ProfileToken></${operation}>`;
    try {
      return await this.#soap.call({ url: this.#url, body }, stop);
    } catch (error) {
      if (error instanceof CameraError && (error.code === "onvif" || error.code === "auth")) return null;
      throw error;
    }
  }
}

function says(word: string): (node: XmlNode) => boolean {
  return (node) => textAt(node, "PanTilt") === word || textAt(node, "Zoom") === word;
}

function positionOf(node: XmlNode | undefined): Position | null {
  const turned = find(node, "PanTilt")?.attributes;
  if (turned === undefined) return null;
  const number = (text: string | undefined): number => Number.parseFloat(text ?? "");
  const zoom = number(find(node, "Zoom")?.attributes.x);
  const position = { pan: number(turned.x), tilt: number(turned.y), zoom: Number.isNaN(zoom) ? 0 : zoom };
  return Number.isNaN(position.pan) || Number.isNaN(position.tilt) ? null : position;
}

function isNear(a: Position, b: Position): boolean {
  // all around, -1 and 1 are the same
  const pan = Math.abs(a.pan - b.pan);
  return (
    Math.min(pan, 2 - pan) <= NEAR.pan &&
    Math.abs(a.tilt - b.tilt) <= NEAR.tilt &&
    Math.abs(a.zoom - b.zoom) <= NEAR.zoom
  );
}
