'use strict';
// Finds the handler of a path: /users/:id, /files/*rest.

/** A pattern as an expression, and the names of what it captures. */
function compile(pattern) {
  const names = [];
  const source = pattern
    .split('/')
    .map((segment) => {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        return '([^/]+)';
      }
      if (segment.startsWith('*')) {
        names.push(segment.slice(1));
        return '(.*)';
      }
      return segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return { expression: new RegExp(`^${source}/?$`), names };
}

/** The parameters behind the question mark; a name that comes twice has a list. */
function parseQuery(text) {
  const query = {};
  if (!text) return query;
  for (const pair of text.split('&')) {
    const [name, value = ''] = pair.split('=').map(decodeURIComponent);
    if (name in query) {
      query[name] = [].concat(query[name], value);
    } else {
      query[name] = value;
    }
  }
  return query;
}

class Router {
  constructor() {
    this.routes = [];
  }

  add(method, pattern, handler) {
    this.routes.push({ method: method.toUpperCase(), handler, ...compile(pattern) });
    return this;
  }

  /** What the handler of the first route that fits returns; null where none fits. */
  dispatch(method, url) {
    const [path, search] = url.split('?');
    for (const route of this.routes) {
      if (route.method !== method) continue;
      const match = route.expression.exec(path);
      if (match === null) continue;
      const parameters = {};
      route.names.forEach((name, index) => {
        parameters[name] = decodeURIComponent(match[index + 1]);
      });
      return route.handler(parameters, parseQuery(search));
    }
    return null;
  }
}

module.exports = { Router, compile, parseQuery };
