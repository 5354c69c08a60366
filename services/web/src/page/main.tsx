import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './route.ts';
import { applyTheme } from './theme.ts';
import { announcePages, showProgressInTitle } from './title.ts';
import { watch } from './watch.ts';

applyTheme();
followAddress();
showProgressInTitle();
announcePages();
watch();
const root = document.getElementById('app');
if (!root) throw new Error('the document has no #app');
render(<App />, root);
