/** Of devices that the profiles of the tests do not have, so that nothing else is disturbed. */
export const AREA_RULES = `rules: v1
area:
  storm:
    title: {zh: 暴雨, en: Storm}
    event: weather.storm
    severity: 2
    grid: east
    all: [{flag: weather.rain, is: red}]
`;
