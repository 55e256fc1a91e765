import type { Severity } from "../finding.ts";

/** What an event is about; screens and targets filter by it. */
export type KindGroup = "hydrant" | "flood" | "fire" | "facility" | "device" | "vision" | "vessel" | "system";

/** How people and the governance platform call a kind of event. */
export interface KindInfo {
  readonly titleZh: string;
  readonly titleEn: string;
  /** class / sub-class in the words of GB/T 30428.2 */
  readonly codeName: string;
  /** class number there; sub-codes differ by city and come with an imported table */
  readonly code: string;
  /** the class was not confirmed by the receiving platform: say so when handing on */
  readonly provisional: boolean;
  readonly group: KindGroup;
  /** handed off without a person at this severity or a more severe one, where that is switched on; 0 = by a person only */
  readonly autoHandOff: Severity | 0;
}

// GB/T 30428.2 classes. Numbers and assignments vary from city to city: all provisional until a receiver confirms them.
const APPEARANCE = { code: "01", name: "市容环境" };
const EMERGENCY = { code: "04", name: "突发事件" };
const STREET = { code: "05", name: "街面秩序" };
const PARTS = { code: "部件", name: "公用设施" };

function kind(
  group: KindGroup,
  titleZh: string,
  titleEn: string,
  cls: { readonly code: string; readonly name: string },
  sub: string,
  autoHandOff: Severity | 0 = 0,
): KindInfo {
  const codeName = sub === "" ? cls.name : `${cls.name}/${sub}`;
  return { titleZh, titleEn, codeName, code: cls.code, provisional: true, group, autoHandOff };
}

/** The catalogue. A kind that is not listed works too, under the name of its group: see `kindInfo`. */
export const KINDS: Readonly<Record<string, KindInfo>> = {
  "hydrant.low_pressure": kind("hydrant", "消火栓水压过低", "Hydrant pressure low", PARTS, "消防设施"),
  "hydrant.knocked_over": kind("hydrant", "消火栓被撞或倾斜", "Hydrant knocked over", PARTS, "消防设施", 1),
  "hydrant.cap_open": kind("hydrant", "消火栓闷盖打开", "Hydrant cap open", PARTS, "消防设施"),
  "hydrant.burst": kind("hydrant", "消火栓爆管", "Hydrant burst", EMERGENCY, "自来水管破裂", 1),
  "hydrant.leak": kind("hydrant", "消火栓漏水", "Hydrant leaking", PARTS, "消防设施"),
  "hydrant.freezing": kind("hydrant", "消火栓有冻结危险", "Hydrant may freeze", PARTS, "消防设施"),
  "hydrant.in_use": kind("hydrant", "消火栓出水", "Hydrant in use", PARTS, "消防设施"),
  "pressure.high": kind("hydrant", "管网压力过高", "Pipe pressure high", PARTS, "供水设施"),
  "pressure.low": kind("hydrant", "管网压力过低", "Pipe pressure low", PARTS, "供水设施"),
  "flood.warning": kind("flood", "水位超过警戒水位", "Water above the warning level", EMERGENCY, "道路积水"),
  "flood.guarantee": kind("flood", "水位超过保证水位", "Water above the guarantee level", EMERGENCY, "道路积水", 1),
  "flood.rapid_rise": kind("flood", "水位快速上涨", "Water rising fast", EMERGENCY, "道路积水"),
  "flood.heavy_rain": kind("flood", "强降雨", "Heavy rain", EMERGENCY, "道路积水"),
  "flood.water_present": kind("flood", "低洼处有积水", "Water where none should be", EMERGENCY, "道路积水"),
  "fire.alarm": kind("fire", "火警", "Fire alarm", EMERGENCY, "火灾", 1),
  "fire.fault": kind("fire", "消防设施故障", "Fire alarm system faulty", PARTS, "消防设施"),
  "fire.mains": kind("fire", "消防主机主电故障", "Fire alarm host without mains", PARTS, "消防设施"),
  "smoke.alarm": kind("fire", "烟雾报警", "Smoke alarm", EMERGENCY, "火灾", 1),
  "manhole.cover_open": kind("facility", "井盖移位", "Manhole cover moved", PARTS, "井盖", 1),
  "manhole.water_high": kind("facility", "井内水位过高", "Water high in a manhole", PARTS, "排水设施"),
  "manhole.gas": kind("facility", "井内气体超限", "Gas in a manhole", EMERGENCY, "有害气体"),
  "bin.full": kind("facility", "垃圾桶满溢", "Bin full", APPEARANCE, "垃圾满溢"),
  "bin.fire": kind("facility", "垃圾桶起火", "Bin on fire", EMERGENCY, "火灾", 1),
  "valve.fault": kind("facility", "阀门故障", "Valve faulty", PARTS, "供水设施"),
  "leak.water": kind("facility", "漏水", "Water leak", PARTS, "供水设施"),
  "structure.tilted": kind("facility", "结构倾斜超限", "Structure tilted", PARTS, "危险构筑物"),
  "water.quality": kind("facility", "水质超限", "Water quality out of limits", EMERGENCY, "水污染"),
  "weather.strong_wind": kind("system", "大风", "Strong wind", EMERGENCY, "气象灾害"),
  "tracker.sos": kind("facility", "人员求救", "Person asks for help", EMERGENCY, "求救", 1),
  "vehicle.sos": kind("facility", "车辆紧急求助", "Vehicle driver asks for help", EMERGENCY, "求救", 1),
  "vehicle.collision": kind("facility", "车辆碰撞预警", "Vehicle collision warning", EMERGENCY, "交通事故"),
  "vehicle.rollover": kind("facility", "车辆侧翻预警", "Vehicle rollover warning", EMERGENCY, "交通事故"),
  "device.tamper": kind("device", "设备被拆动", "Device tampered with", PARTS, "感知设备"),
  "device.silent": kind("device", "设备无数据", "Device silent", PARTS, "感知设备"),
  "device.offline": kind("device", "设备离线", "Device offline", PARTS, "感知设备"),
  "device.late": kind("device", "设备数据迟到", "Device late", PARTS, "感知设备"),
  "device.fault": kind("device", "设备故障", "Device fault", PARTS, "感知设备"),
  "device.flapping": kind("device", "设备时断时续", "Device flapping", PARTS, "感知设备"),
  "device.low_battery": kind("device", "设备电量低", "Device battery low", PARTS, "感知设备"),
  "device.repair": kind("device", "设备报修", "Device to be repaired", PARTS, "感知设备"),
  "device.battery_change": kind("device", "设备更换电池", "Battery to be changed", PARTS, "感知设备"),
  "device.cleaning": kind("device", "设备清洁", "Device to be cleaned", PARTS, "感知设备"),
  "device.inspection": kind("device", "设备巡检", "Device to be inspected", PARTS, "感知设备"),
  "edge.offline": kind("device", "边缘网关离线", "Edge gateway offline", PARTS, "感知设备"),
  "network.outage": kind("device", "网络中断", "Network outage", PARTS, "感知设备"),
  "edge.flapping": kind("device", "边缘网关时断时续", "Edge gateway flapping", PARTS, "感知设备"),
  "vision.stall": kind("vision", "占道经营", "Stall on the street", STREET, "占道经营"),
  "vision.person": kind("vision", "人员进入区域", "Person in the area", STREET, ""),
  "vision.vehicle": kind("vision", "车辆违停", "Vehicle in the area", STREET, "机动车乱停放"),
  "vision.debris": kind("vision", "暴露垃圾", "Exposed rubbish", APPEARANCE, "暴露垃圾"),
  "vision.garbage": kind("vision", "暴露垃圾", "Exposed rubbish", APPEARANCE, "暴露垃圾"),
  "vision.overflow": kind("vision", "垃圾桶满溢", "Overflowing bin", APPEARANCE, "垃圾满溢"),
  "vision.fire_lane": kind("vision", "占用消防通道", "Fire lane blocked", STREET, "占用消防通道"),
  "vision.hydrant_blocked": kind("vision", "占压消火栓", "Vehicle at a hydrant", STREET, "占压消防设施"),
  "vision.crowding": kind("vision", "人群聚集", "Crowding", EMERGENCY, "人群聚集"),
  "vision.crossing": kind("vision", "越线闯入", "Line crossed", STREET, ""),
  "vision.boat": kind("vision", "船只或漂浮物", "Boat or floating object", APPEARANCE, "水域漂浮物"),
  "vision.fire": kind("vision", "疑似火情", "Suspected fire", EMERGENCY, "火灾", 1),
  "vision.smoke": kind("vision", "疑似烟雾", "Suspected smoke", EMERGENCY, "火灾"),
  "vessel.sos": kind("vessel", "船舶遇险求救", "Vessel in distress", EMERGENCY, "海上遇险", 1),
  "vessel.straggler": kind("vessel", "渔船离群", "Vessel away from its formation", EMERGENCY, "海上安全"),
  "vessel.approach": kind("vessel", "船舶会遇危险", "Vessels on close approach", EMERGENCY, "海上安全"),
  "vessel.dark": kind("vessel", "船舶失联", "Vessel silent at sea", EMERGENCY, "海上安全"),
  "vessel.mmsi_clash": kind("vessel", "船舶识别码冲突", "Two vessels with one MMSI", EMERGENCY, "海上安全"),
  "vessel.sos_drill": kind("vessel", "求救设备测试", "Test of distress equipment", EMERGENCY, "海上安全"),
  "vessel.gap": kind("vessel", "船舶长时间无位置", "Vessel without position for hours", EMERGENCY, "海上安全"),
  "vessel.no_go": kind("vessel", "船舶进入禁航区", "Vessel in a no-go area", EMERGENCY, "海上安全"),
  "vessel.closed_season": kind("vessel", "船舶在禁渔区作业", "Vessel fishing in a closed area", EMERGENCY, "海上渔业"),
  "vessel.aquaculture": kind("vessel", "船舶进入养殖区", "Vessel in an aquaculture area", EMERGENCY, "海上渔业"),
  "vessel.speeding": kind("vessel", "船舶超速", "Vessel above the speed limit", EMERGENCY, "海上安全"),
  "vessel.out_of_area": kind("vessel", "船舶离开作业区", "Vessel outside its working area", EMERGENCY, "海上安全"),
  "vessel.port_visit": kind("vessel", "船舶进港", "Vessel in port", EMERGENCY, "海上安全"),
  "vessel.drift": kind("vessel", "船舶漂移", "Vessel adrift", EMERGENCY, "海上安全"),
  "vessel.anchor_drag": kind("vessel", "船舶走锚", "Vessel dragging its anchor", EMERGENCY, "海上安全"),
  "vessel.encounter": kind("vessel", "船舶海上会合", "Vessels meeting at sea", EMERGENCY, "海上安全"),
  "receiver.link_outage": kind(
    "vessel",
    "AIS接收站大面积失联",
    "AIS receiver: vessels silent together",
    PARTS,
    "感知设备",
  ),
  "formation.split": kind("vessel", "编组分散", "Formation split", EMERGENCY, "海上安全"),
  "formation.link_outage": kind("vessel", "编组通信中断", "Formation out of contact", EMERGENCY, "海上安全"),
  "vessel.recall_overdue": kind("vessel", "船舶逾期未回港", "Vessel not in harbour in time", EMERGENCY, "海上安全", 1),
  "formation.recall_overdue": kind(
    "vessel",
    "编组逾期未回港",
    "Formation not in harbour in time",
    EMERGENCY,
    "海上安全",
    1,
  ),
  "formation.recall_due": kind("vessel", "回港期限将至", "Recall: the deadline is near", EMERGENCY, "海上安全"),
  "weather.warning": kind("flood", "气象预警", "Weather warning", EMERGENCY, "气象灾害"),
  "dispatch.target_down": kind("system", "对接平台不可达", "Receiving platform unreachable", PARTS, "信息系统"),
};

const GROUPS: Readonly<Record<string, { readonly group: KindGroup; readonly zh: string }>> = {
  hydrant: { group: "hydrant", zh: "消火栓告警" },
  pressure: { group: "hydrant", zh: "管网压力告警" },
  flood: { group: "flood", zh: "水情告警" },
  fire: { group: "fire", zh: "消防告警" },
  smoke: { group: "fire", zh: "烟感告警" },
  manhole: { group: "facility", zh: "井盖告警" },
  bin: { group: "facility", zh: "垃圾桶告警" },
  valve: { group: "facility", zh: "阀门告警" },
  water: { group: "facility", zh: "水质告警" },
  vehicle: { group: "facility", zh: "车辆告警" },
  leak: { group: "facility", zh: "漏水告警" },
  structure: { group: "facility", zh: "构筑物告警" },
  tracker: { group: "facility", zh: "定位终端告警" },
  weather: { group: "system", zh: "气象告警" },
  device: { group: "device", zh: "设备告警" },
  edge: { group: "device", zh: "边缘网关告警" },
  network: { group: "device", zh: "网络告警" },
  vision: { group: "vision", zh: "视频识别告警" },
  vessel: { group: "vessel", zh: "船舶告警" },
  formation: { group: "vessel", zh: "编组告警" },
  receiver: { group: "vessel", zh: "AIS接收告警" },
};

/** Titles, code and group of a kind. An unknown kind gets those of the word before its dot; it is never refused. */
export function kindInfo(name: string): KindInfo {
  if (Object.hasOwn(KINDS, name)) return KINDS[name];
  const dot = name.indexOf(".");
  const head = dot === -1 ? name : name.slice(0, dot);
  const known = Object.hasOwn(GROUPS, head) ? GROUPS[head] : { group: "system" as const, zh: "其他告警" };
  const words = name.slice(dot + 1).replaceAll("_", " ");
  return {
    titleZh: `${known.zh} (${name})`,
    titleEn: dot === -1 ? words : `${head}: ${words}`,
    codeName: "未分类",
    code: "",
    provisional: true,
    group: known.group,
    autoHandOff: 0,
  };
}
