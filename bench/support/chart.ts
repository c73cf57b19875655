// A bar chart as SVG, readable on light and dark pages.

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const width = 760;
const labelWidth = 330;
const barHeight = 18;
const lineHeight = 24;
const groupHeight = 40;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .ours { fill: #1a7f64 }
  .other { fill: #9aa4af }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .ours { fill: #3fb68b }
    .other { fill: #66707b }
  }
`;

/** The groups below each other, each on a scale of its own that begins at 0. */
export function barChart(heading: string, groups: readonly BarGroup[]): string {
  let y = 20;
  const parts = [text(0, y, heading, 'title')];
  for (const { title, bars } of groups) {
    y += groupHeight;
    parts.push(text(0, y, title, 'title'));
    const most = Math.max(...bars.map(({ value }) => value));
    for (const bar of bars) {
      y += lineHeight;
      const length = Math.max(1, Math.round((bar.value / most) * (width - labelWidth - 60)));
      parts.push(
        text(0, y, bar.label),
        `<rect class="${bar.isOurs ? 'ours' : 'other'}" x="${labelWidth}" y="${y - barHeight + 4}" width="${length}" height="${barHeight}" rx="2"/>`,
        text(labelWidth + length + 6, y, bar.value.toFixed(2)),
      );
    }
  }
  const size = `viewBox="0 0 ${width} ${y + 14}" width="${width}" height="${y + 14}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<style>${style}</style>\n${parts.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, content: string, className = 'label'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${className}" x="${x}" y="${y}">${escaped}</text>`;
}
