/** A notification: topic, its data, and whether it is a property's first value or a change. */
interface Notice {
  readonly topic: string;
  readonly operation: "Initialized" | "Changed";
  readonly name: string;
  readonly value: string;
  /** ms UTC, the camera's clock */
  readonly at: number;
}

interface Point {
  readonly queue: Notice[];
  wake: (() => void) | null;
}

const MOTION = "tns1:RuleEngine/CellMotionDetector/Motion";
const REBOOT = "tns1:Monitoring/OperatingTime/LastReboot";
const MAX_POINTS = 16;
const MAX_QUEUE = 1000;

/** PullPoint subscriptions of one camera (ONVIF Core section 9.1) with two properties: motion, and when it was started. */
export class PullPoints {
  private readonly clock: () => number;
  private readonly points = new Map<string, Point>();
  private moving = false;
  private booted: number;
  private made = 0;

  /** @param clock the camera's, ms UTC */
  constructor(clock: () => number) {
    this.clock = clock;
    this.booted = clock();
  }

  get size(): number {
    return this.points.size;
  }

  motion(active: boolean): void {
    this.moving = active;
    const notice = this.notice(MOTION, "Changed", "IsMotion", String(active));
    for (const point of this.points.values()) {
      if (point.queue.length < MAX_QUEUE) point.queue.push(notice);
      point.wake?.();
    }
  }

  /** As a start does: every subscription is forgotten. */
  reset(): void {
    for (const point of this.points.values()) point.wake?.();
    this.points.clear();
    this.booted = this.clock();
  }

  /** @returns its id, null when there are too many */
  create(): string | null {
    if (this.points.size >= MAX_POINTS) return null;
    const id = `${this.booted.toString(36)}-${++this.made}`;
    const first = [
      this.notice(MOTION, "Initialized", "IsMotion", String(this.moving)),
      this.notice(REBOOT, "Initialized", "Status", new Date(this.booted).toISOString()),
    ];
    this.points.set(id, { queue: first, wake: null });
    return id;
  }

  has(id: string): boolean {
    return this.points.has(id);
  }

  remove(id: string): void {
    this.points.delete(id);
  }

  /** XML of what is waiting; waits up to `waitMs` for something. */
  async pull(id: string, waitMs: number, limit: number): Promise<string> {
    const point = this.points.get(id);
    if (point === undefined) return "";
    if (point.queue.length === 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        timer.unref();
        point.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    point.wake = null;
    return point.queue.splice(0, limit).map(written).join("");
  }

  private notice(topic: string, operation: Notice["operation"], name: string, value: string): Notice {
    return { topic, operation, name, value, at: this.clock() };
  }
}

function written({ topic, operation, name, value, at }: Notice): string {
  return `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${topic}</wsnt:Topic>
    <wsnt:Message><tt:Message UtcTime="${new Date(at).toISOString()}" PropertyOperation="${operation}">
    <tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="vsc_0"/></tt:Source>
    <tt:Data><tt:SimpleItem Name="${name}" Value="${value}"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`;
}
