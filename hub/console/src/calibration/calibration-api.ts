import type {
  CalibrationCheck,
  CalibrationForm,
  CalibrationInfo,
  LocateInfo,
} from "../../../src/api/calibration-schema.ts";
import type { Send } from "../onboarding/onboarding-api.ts";

/** The routes of a camera's calibration. Every method rejects with `ApiFailure`. @param uid `<site>/<name>` */
export class CalibrationApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  get(uid: string): Promise<CalibrationInfo> {
    return this.#send("GET", `${camera(uid)}/calibration`);
  }
  save(uid: string, preset: string, calibration: CalibrationForm, note: string): Promise<CalibrationInfo> {
    return this.#send("PUT", `${camera(uid)}/calibration`, { preset, calibration, note });
  }
  remove(uid: string, preset: string): Promise<CalibrationInfo> {
    return this.#send("DELETE", `${camera(uid)}/calibration?preset=${encodeURIComponent(preset)}`, {});
  }
  check(uid: string, calibration: CalibrationForm): Promise<CalibrationCheck> {
    return this.#send("POST", `${camera(uid)}/calibration/check`, { calibration });
  }
  locate(uid: string, x: number, y: number, calibration: CalibrationForm): Promise<LocateInfo> {
    return this.#send("POST", `${camera(uid)}/locate`, { x, y, calibration });
  }
  /** address of the newest picture; another `ts` is another address */
  picture(uid: string, ts: number): string {
    return `${camera(uid)}/frame?ts=${ts}`;
  }
}

function camera(uid: string): string {
  return `/api/cameras/${uid.split("/").map(encodeURIComponent).join("/")}`;
}
