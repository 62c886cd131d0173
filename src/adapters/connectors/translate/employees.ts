/** Employees and units, one record each; what is known already is brought up to date. */
import { AddEmployee } from '../../../commands/attendance/add-employee.command.js';
import { AddUnit } from '../../../commands/attendance/add-unit.command.js';
import { ChangeEmployee } from '../../../commands/attendance/change-employee.command.js';
import { ChangeUnit } from '../../../commands/attendance/change-unit.command.js';
import { employeeIdOf, unitIdOf } from '../../../domain/attendance/attendance.ids.js';
import type { CommandResult } from '../../../commands/shared/command.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { RecordSource } from '../files/source-record.js';
import type { EmployeesMapping, UnitsMapping } from '../mapping/mapping.js';
import { dateReader } from '../mapping/read-dates.js';
import { labelOf, readField } from '../mapping/read-fields.js';
import { outcome } from './sales.js';
import { ofColumns, orNull, required, TableTranslator, type SourceReader } from './table-translator.js';
import { fingerprint, saidOtherwiseSince, tell, type ImportContext, type Send } from './translator.js';

export class EmployeesTranslator extends TableTranslator<EmployeesMapping> {
  constructor(
    mapping: EmployeesMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
  }

  protected override read({ header, name: source }: RecordSource): SourceReader {
    const { fields, missing, dates } = this.mapping;
    const field = (name: keyof typeof fields) => readField(fields[name], header, missing);
    const [number, name, department, title, startedOn] = [field('number'), field('name'), field('department'), field('title'), field('startedOn')]; // prettier-ignore
    const day = dateReader(dates);
    const { context } = this;
    return {
      take: ({ columns, line }, sink) => {
        const details = {
          number: required(number(columns), labelOf(fields.number), 'the number'),
          name: required(name(columns), labelOf(fields.name), 'the name'),
          department: orNull(department(columns)),
          title: orNull(title(columns)),
          startedOn: startedOn(columns) === '' ? null : day(startedOn(columns), labelOf(fields.startedOn)).date,
        };
        const employeeId = employeeIdOf(context.workspaceId, details.number);
        const content = fingerprint(details);
        const perform = async (send: Send) => {
          const added = await send(new AddEmployee(details, context.of(undefined, 'employee', employeeId, content)));
          if (!isOtherwiseKnown(added, context)) return outcome(added);
          const { number: _number, ...patch } = ofColumns(fields, details);
          return outcome(await tell(send, context, (of) => new ChangeEmployee({ employeeId, ...patch }, of), undefined, 'employee', employeeId, content, 'change')); // prettier-ignore
        };
        sink.unit({ key: employeeId, records: 1, source, line, perform });
      },
    };
  }
}

export class UnitsTranslator extends TableTranslator<UnitsMapping> {
  constructor(
    mapping: UnitsMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
  }

  protected override read({ header, name: source }: RecordSource): SourceReader {
    const { fields, missing } = this.mapping;
    const field = (name: keyof typeof fields) => readField(fields[name], header, missing);
    const [code, name, group] = [field('code'), field('name'), field('group')];
    const { context } = this;
    return {
      take: ({ columns, line }, sink) => {
        const details = {
          code: required(code(columns), labelOf(fields.code), 'the code'),
          name: required(name(columns), labelOf(fields.name), 'the name'),
          group: orNull(group(columns)),
        };
        const unitId = unitIdOf(context.workspaceId, details.code);
        const content = fingerprint(details);
        const perform = async (send: Send) => {
          const added = await send(new AddUnit(details, context.of(undefined, 'unit', unitId, content)));
          if (!isOtherwiseKnown(added, context)) return outcome(added);
          const { code: _code, ...patch } = ofColumns(fields, details);
          return outcome(await tell(send, context, (of) => new ChangeUnit({ unitId, ...patch }, of), undefined, 'unit', unitId, content, 'change')); // prettier-ignore
        };
        sink.unit({ key: unitId, records: 1, source, line, perform });
      },
    };
  }
}

/** Somebody, or this source itself, has given other details. */
const isOtherwiseKnown = (added: CommandResult<unknown>, context: ImportContext): boolean =>
  added instanceof Rejection ? added.code === 'ALREADY_EXISTS' : saidOtherwiseSince(added, context);
