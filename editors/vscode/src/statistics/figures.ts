/** Numbers in words and in pictures. Pure. */

/** 1,234,567 */
export function grouped(number: number): string {
  return Math.round(number)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A part of a whole in percent; a dash where there is no whole. */
export function share(part: number, whole: number): string {
  return whole > 0 ? `${((part * 100) / whole).toFixed(0)} %` : '–';
}

export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${grouped(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function wattHours(wh: number): string {
  return wh < 1000 ? `${wh.toFixed(1)} Wh` : `${(wh / 1000).toFixed(2)} kWh`;
}

export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** The powers of ten that hold all values between them, at least a decade apart. */
export function decades(values: readonly number[]): { low: number; high: number } {
  const logarithms = values.filter((value) => value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...logarithms));
  const high = Math.ceil(Math.max(...logarithms));
  return logarithms.length === 0 ? { low: 0, high: 1 } : { low, high: Math.max(high, low + 1) };
}
