'use strict';
// Amounts of money as whole cents with a currency.

const SYMBOLS = { EUR: '€', USD: '$', GBP: '£' };

class Money {
  constructor(cents, currency) {
    if (!Number.isInteger(cents)) {
      throw new TypeError(`cents must be whole, not ${cents}`);
    }
    this.cents = cents;
    this.currency = currency;
  }

  /** Reads texts like "12.50 EUR". */
  static parse(text) {
    const match = /^(-?)(\d+)(?:\.(\d{2}))? ([A-Z]{3})$/.exec(text.trim());
    if (match === null) {
      throw new SyntaxError(`${text} is no amount`);
    }
    const [, sign, whole, cents = '00', currency] = match;
    const amount = Number(whole) * 100 + Number(cents);
    return new Money(sign === '-' ? -amount : amount, currency);
  }

  plus(other) {
    if (other.currency !== this.currency) {
      throw new RangeError(`${other.currency} can't be added to ${this.currency}`);
    }
    return new Money(this.cents + other.cents, this.currency);
  }

  /** Splits by ratios without losing a cent: the first parts get what is left over. */
  split(ratios) {
    const total = ratios.reduce((sum, ratio) => sum + ratio, 0);
    const parts = ratios.map((ratio) => Math.floor((this.cents * ratio) / total));
    let rest = this.cents - parts.reduce((sum, part) => sum + part, 0);
    for (let index = 0; rest > 0; index++) {
      parts[index] += 1;
      rest -= 1;
    }
    return parts.map((cents) => new Money(cents, this.currency));
  }

  toString() {
    const sign = this.cents < 0 ? '-' : '';
    const absolute = Math.abs(this.cents);
    const cents = String(absolute % 100).padStart(2, '0');
    const symbol = SYMBOLS[this.currency] || this.currency + ' ';
    return `${sign}${symbol}${Math.floor(absolute / 100)}.${cents}`;
  }
}

function sum(amounts, currency) {
  return amounts.reduce((total, amount) => total.plus(amount), new Money(0, currency));
}

module.exports = { Money, sum };
