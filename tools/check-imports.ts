/**
 * Holds the import rules of docs/architecture.md with dependency-cruiser, and makes sure that it looked at
 * something: with a TypeScript it does not know, it would report success over no modules.
 */
import { cruise, type IForbiddenRuleType, type IReporterOutput } from 'dependency-cruiser';

const ADAPTER = '^packages/(bus-|engine-|artifacts-|archive-|ledger-|auth-)[^/]+/';
const MINIMUM_MODULES = 60;

const forbidden: IForbiddenRuleType[] = [
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'services-apart',
    comment: 'services never import each other; all-in-one composes what they export',
    severity: 'error',
    from: { path: '^services/([^/]+)/', pathNot: '^services/all-in-one/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'only-main-names-adapters',
    comment: 'adapters are chosen by packages/adapters, which only a main.ts uses',
    severity: 'error',
    from: {
      path: '^services/',
      pathNot: ['/main\\.ts$', '^services/all-in-one/src/fleet\\.ts$', '\\.test\\.ts$', '/test/'],
    },
    to: { path: `${ADAPTER}|^packages/adapters/` },
  },
  {
    name: 'adapters-know-their-port',
    comment: 'an adapter imports its port, job and one vendor library',
    severity: 'error',
    from: { path: '^packages/(bus|engine|artifacts|auth)-[^/]+/', pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/', pathNot: '^packages/($1|$1-[^/]+|job|pulsar-admin|redis-connection|models)/' },
  },
  {
    name: 'ledgers-read-buses',
    comment:
      'an adapter of the ledger may be filled from the ports of the bus and the archive, whichever they are',
    severity: 'error',
    from: { path: '^packages/ledger-[^/]+/', pathNot: '\\.test\\.ts$' },
    to: {
      path: '^packages/',
      pathNot: '^packages/(ledger|ledger-[^/]+|bus|archive|artifacts|duckdb-tables|job)/',
    },
  },
  {
    name: 'archives-write-tables',
    comment: 'what writes the archive knows its port and the tables of the ledger',
    severity: 'error',
    from: { path: '^packages/archive-[^/]+/', pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/', pathNot: '^packages/(archive|archive-[^/]+|duckdb-tables|ledger|job)/' },
  },
  {
    name: 'job-is-pure',
    severity: 'error',
    from: { path: '^packages/job/', pathNot: '\\.test\\.ts$' },
    to: { pathNot: ['^packages/job/', 'node_modules/zod/', 'node_modules/uuid/'] },
  },
  {
    name: 'page-uses-client',
    severity: 'error',
    from: { path: '^services/web/src/', pathNot: '(build|\\.test)\\.ts$' },
    to: { path: '^packages/', pathNot: '^packages/(client|job)/' },
  },
  {
    name: 'load-tests-use-client',
    severity: 'error',
    from: { path: '^load-tests/(scenarios|k6|thresholds)/' },
    to: { path: '^(packages|services|tools)/', pathNot: '^packages/client/' },
  },
  {
    name: 'no-deep-imports',
    comment: 'packages are entered through their exports',
    severity: 'error',
    from: { path: '^(packages|services)/([^/]+)/' },
    to: {
      path: '^packages/[^/]+/src/',
      pathNot: '^packages/[^/]+/src/(index|contract|object-contract|register)\\.ts$|^$1/$2/',
    },
  },
];

const { output } = (await cruise(['packages', 'services', 'tools', 'chaos', 'load-tests'], {
  ruleSet: { forbidden },
  validate: true,
  doNotFollow: { path: 'node_modules' },
  exclude: { path: '(^|/)(node_modules|dist|model-diffusers)/' },
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  parser: 'swc',
  tsPreCompilationDeps: true,
})) as IReporterOutput;

if (typeof output === 'string') throw new Error(output);
const { summary, modules } = output;
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(`${modules.length} modules, ${summary.totalDependenciesCruised ?? 0} imports`);
if (modules.length < MINIMUM_MODULES) {
  console.error(`Only ${modules.length} modules were looked at; the checker does not read this tree.`);
  process.exit(1);
}
process.exit(summary.error > 0 ? 1 : 0);
