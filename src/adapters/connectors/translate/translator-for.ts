/** The translator of a mapping. */
import type { Mapping } from '../mapping/mapping.js';
import { DaysTranslator, WideTranslator } from './attendance-days.js';
import { EmployeesTranslator, UnitsTranslator } from './employees.js';
import { JiraTranslator } from './jira.js';
import { SalesTranslator } from './sales.js';
import { TasksTranslator } from './tasks.js';
import type { ImportContext, Translator } from './translator.js';
import { UnitRatesTranslator } from './unit-rates.js';

export function translatorFor(mapping: Mapping, context: ImportContext): Translator {
  switch (mapping.kind) {
    case 'sales':
      return new SalesTranslator(mapping, context);
    case 'employees':
      return new EmployeesTranslator(mapping, context);
    case 'units':
      return new UnitsTranslator(mapping, context);
    case 'tasks':
      return mapping.layout === 'jira' ? new JiraTranslator(mapping, context) : new TasksTranslator(mapping, context);
    case 'attendance':
      switch (mapping.layout) {
        case 'days':
          return new DaysTranslator(mapping, context);
        case 'wide':
          return new WideTranslator(mapping, context);
        case 'unit-rates':
          return new UnitRatesTranslator(mapping, context);
      }
  }
}

/**
 * Whether what becomes of a record depends on records before it: lines of one document, units of one day. Reading such a source
 * can't begin in its middle.
 */
export const remembersRecords = (mapping: Mapping): boolean =>
  mapping.kind === 'sales' || (mapping.kind === 'attendance' && mapping.layout !== 'days');
