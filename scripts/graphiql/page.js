/** The page at `/`: GraphiQL with a field for the token, which goes with every request as the Authorization header. */
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createElement as h, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';

/** Only as long as the tab lives: a token is a password. */
const KEY = 'teampulse-token';

/** `/#token=…` fills the field; the rest of the address bar forgets it at once. */
function initialToken() {
  const given = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (given) {
    window.sessionStorage.setItem(KEY, given);
    window.history.replaceState(null, '', window.location.pathname);
  }
  return given ?? window.sessionStorage.getItem(KEY) ?? '';
}

function Page() {
  const [token, setToken] = useState(initialToken);
  const fetcher = useMemo(() => {
    const url = new URL('/graphql', window.location.href);
    const subscriptionUrl = new URL(url);
    subscriptionUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const authorization = token === '' ? {} : { Authorization: `Bearer ${token}` };
    return createGraphiQLFetcher({
      url: url.href,
      subscriptionUrl: subscriptionUrl.href,
      headers: authorization,
      wsConnectionParams: authorization,
    });
  }, [token]);
  const change = (event) => {
    const text = event.target.value.trim().replace(/^Bearer\s+/i, '');
    window.sessionStorage.setItem(KEY, text);
    setToken(text);
  };
  return h(
    'div',
    { className: 'page' },
    h(
      'label',
      { className: 'token' },
      'Token',
      h('input', {
        type: 'password',
        value: token,
        onChange: change,
        placeholder: 'paste what `teampulse token create` printed',
        autoComplete: 'off',
      }),
    ),
    // The key: a new token loads the schema anew.
    h('div', { className: 'editor' }, h(GraphiQL, { key: token, fetcher, defaultTabs: examples })),
  );
}

createRoot(document.querySelector('#root')).render(h(Page));
