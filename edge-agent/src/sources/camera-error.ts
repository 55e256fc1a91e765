/** Why no picture can be had; becomes the camera's status code. */
export type CameraFault =
  /** no connection */
  | "unreachable"
  /** connected, but nothing (more) comes */
  | "timeout"
  /** wrong user or password */
  | "auth"
  /** the certificate is neither trusted nor the one that was pinned */
  | "certificate"
  /** an HTTP status other than 200 */
  | "http"
  /** the camera refuses an ONVIF operation, or answers what cannot be read */
  | "onvif"
  | "too_large"
  | "not_a_picture"
  /** no usable ffmpeg on this machine */
  | "no_ffmpeg"
  /** ffmpeg ended, or the stream did */
  | "stream"
  /** a file or folder that is not there, is empty or has come to its end */
  | "no_file";

export class CameraError extends Error {
  override readonly name = "CameraError";
  readonly code: CameraFault;

  constructor(code: CameraFault, message: string) {
    super(message);
    this.code = code;
  }
}
