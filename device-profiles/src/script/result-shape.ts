/**
 * Part of the prelude: what a script returns -> `[present sample, [[ms, earlier sample]...], ms of the present one or 0]`. Platforms know
 * lists of samples with times, lists of `{field, value, timestamp}`, parts of one record, `params` of a report, a `history` beside it.
 */
export const RESULT_SHAPE = String.raw`  const TIME = /^(time|timestamp|ts|datetime|date_?time|recv_?time|measured_?at|sampled_?at|utc|unix_?time|time_?stamp)$/i;
  // ms UTC of a published time, or NaN
  const instant = (x) => {
    if (isObject(x) && x instanceof RealDate) return call(timeOf, x);
    if (typeof x === "number") return x > 1e11 ? x : x > 1e8 ? x * 1000 : NaN;
    return typeof x === "string" && x.length > 7 ? call(timeOf, construct(RealDate, [x])) : NaN;
  };
  const timeIn = (item) => {
    const own = keys(item);
    for (let i = 0; i < own.length; i++)
      if (call(exec, TIME, own[i]) !== null) {
        const at = instant(item[own[i]]);
        if (finite(at)) return at;
      }
    return NaN;
  };
  // [{field: "BAT", value: 3.3, timestamp}] -> one object a time
  const isFieldList = (items) => {
    for (let i = 0; i < items.length; i++)
      if (!isObject(items[i]) || !("value" in items[i]) || typeof (items[i].field ?? items[i].name ?? items[i].key ?? items[i].variable) !== "string") return false;
    return items.length > 0;
  };
  const fromFieldList = (items) => {
    const byTime = [];
    for (let i = 0; i < items.length; i++) {
      const { value } = items[i];
      const name = items[i].field ?? items[i].name ?? items[i].key ?? items[i].variable;
      const at = timeIn(items[i]);
      let group = null;
      for (let k = 0; k < byTime.length; k++) if (byTime[k].at === at || (byTime[k].at !== byTime[k].at && at !== at)) group = byTime[k];
      if (group === null) group = byTime[byTime.length] = { at, data: create(null) };
      group.data[name] = value;
    }
    return byTime;
  };
  const allTimed = (items) => {
    for (let i = 0; i < items.length; i++) if (!isObject(items[i]) || !finite(timeIn(items[i]))) return false;
    return items.length > 0;
  };
  const timed = (items) => {
    const out = [];
    for (let i = 0; i < items.length; i++) out[i] = { at: timeIn(items[i]), data: items[i] };
    return out;
  };
  // the newest is the present one; the others are earlier samples
  const newestFirst = (samples) => {
    let best = 0;
    for (let i = 1; i < samples.length; i++) if (!(samples[i].at <= samples[best].at) && samples[best].at === samples[best].at) best = i;
    const past = [];
    for (let i = 0; i < samples.length; i++) if (i !== best && finite(samples[i].at)) past[past.length] = [samples[i].at, samples[i].data];
    return [samples[best].data, past, finite(samples[best].at) ? samples[best].at : 0];
  };
  const HISTORY = /^(history|historical|datalog|data_?log|logs?|records|samples|measurements|past|retransmitted|dataSet)$/i;
  const shaped = (data) => {
    if (isArray(data)) {
      if (isFieldList(data)) return newestFirst(fromFieldList(data));
      if (data.length === 1) return shaped(data[0]);
      if (allTimed(data)) return newestFirst(timed(data));
      const merged = create(null);
      for (let i = 0; i < data.length; i++) {
        if (!isObject(data[i]) || isArray(data[i])) return [{ ...data }, [], 0];
        const own = keys(data[i]);
        for (let k = 0; k < own.length; k++) {
          if (own[k] in merged) return [{ ...data }, [], 0];
          merged[own[k]] = data[i][own[k]];
        }
      }
      return [merged, [], 0];
    }
    // Alink and its like: {method: "thing.event.property.post", params: {...}}
    if (isObject(data.params) && typeof data.method === "string") return shaped(data.params);
    const own = keys(data);
    for (let i = 0; i < own.length; i++) {
      const items = data[own[i]];
      if (!isArray(items) || call(exec, HISTORY, own[i]) === null || !allTimed(items) || isFieldList(items)) continue;
      const rest = create(null);
      for (let k = 0; k < own.length; k++) if (k !== i) rest[own[k]] = data[own[k]];
      if (own.length === 1) return newestFirst(timed(items));
      const past = [];
      for (let k = 0; k < items.length; k++) past[k] = [timeIn(items[k]), items[k]];
      return [rest, past, 0];
    }
    return [data, [], 0];
  };`;
