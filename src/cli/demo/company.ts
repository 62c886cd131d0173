/** The company of the demo: Harbour Bikes of Rotterdam, 25 people who build and sell bicycles. All of it is made up. */
import { AddEmployee } from '../../commands/attendance/add-employee.command.js';
import { AddHoliday } from '../../commands/workspaces/add-holiday.command.js';
import { AddMember } from '../../commands/workspaces/add-member.command.js';
import { CreateWorkspace } from '../../commands/workspaces/create-workspace.command.js';
import { employeeIdOf } from '../../domain/attendance/attendance.ids.js';
import type { Actor } from '../../domain/shared/metadata.js';
import { addDays, fromLocal, weekday, type LocalDate } from '../../domain/shared/time.js';
import { createdId, DEMO_WORKSPACE, type Story } from './story.js';

export const TIME_ZONE = 'Europe/Amsterdam';
/** The year that the demo tells. Fixed, so that every figure is the same wherever and whenever it runs. */
export const YEAR = 2025;
export const FIRST_DAY: LocalDate = `${YEAR}-01-01`;
export const LAST_DAY: LocalDate = `${YEAR}-12-31`;

export const OWNER: Actor = { kind: 'user', id: 'demo-owner' };
const BEFORE_ALL = fromLocal('2024-12-02', '09:00', TIME_ZONE);

const HOLIDAYS: readonly (readonly [LocalDate, string])[] = [
  ['2025-01-01', 'New Year'],
  ['2025-04-18', 'Good Friday'],
  ['2025-04-21', 'Easter Monday'],
  ['2025-05-05', 'Liberation Day'],
  ['2025-05-29', 'Ascension Day'],
  ['2025-06-09', 'Whit Monday'],
  ['2025-12-25', 'Christmas Day'],
  ['2025-12-26', 'Boxing Day'],
];

export interface Person {
  readonly number: string;
  readonly employeeId: string;
  readonly name: string;
  readonly department: string;
  readonly title: string;
  readonly startedOn: LocalDate;
  /** Of those who work with tasks. */
  readonly memberId: string | undefined;
}

const STAFF: readonly (readonly [name: string, department: string, title: string, startedOn?: LocalDate])[] = [
  ['Anneke de Wit', 'Management', 'Managing Director'],
  ['Bram Visser', 'Engineering', 'Head of Engineering'],
  ['Carla Mendes', 'Engineering', 'Frame Designer'],
  ['Daan Bakker', 'Engineering', 'Test Engineer'],
  ['Eva Lindqvist', 'Engineering', 'Software Developer'],
  ['Farid Haddad', 'Engineering', 'Software Developer'],
  ['Greta Nowak', 'Engineering', 'Industrial Designer', '2025-03-03'],
  ['Hugo Janssen', 'Sales', 'Head of Sales'],
  ['Ines Costa', 'Sales', 'Account Manager'],
  ['Joost Mulder', 'Sales', 'Shop Assistant'],
  ['Karin Schmidt', 'Sales', 'Shop Assistant'],
  ['Lars Hansen', 'Sales', 'Online Shop Manager'],
  ['Mila Petrova', 'Sales', 'Customer Service', '2025-06-02'],
  ['Niels Smit', 'Workshop', 'Head of Workshop'],
  ['Olga Ivanova', 'Workshop', 'Mechanic'],
  ['Pieter Vos', 'Workshop', 'Mechanic'],
  ['Quinten Bos', 'Workshop', 'Mechanic'],
  ['Rosa Marino', 'Workshop', 'Mechanic'],
  ['Sven Olsen', 'Workshop', 'Painter'],
  ['Tess van Dijk', 'Workshop', 'Apprentice', '2025-09-01'],
  ['Umar Diallo', 'Warehouse', 'Warehouse Lead'],
  ['Vera Kowalska', 'Warehouse', 'Logistics Clerk'],
  ['Wout Peters', 'Warehouse', 'Driver'],
  ['Yara El Amrani', 'Office', 'Accountant'],
  ['Zoe Martin', 'Office', 'Office Manager'],
];

export const PEOPLE: readonly Person[] = STAFF.map(([name, department, title, startedOn = '2024-12-02'], index) => {
  const number = `E${String(index + 1).padStart(3, '0')}`;
  const withTasks = department === 'Engineering' || title.startsWith('Head') || title === 'Online Shop Manager';
  return {
    number,
    employeeId: employeeIdOf(DEMO_WORKSPACE, number),
    name,
    department,
    title,
    startedOn,
    memberId: withTasks ? createdId('member', `member/${number}`) : undefined,
  };
});

export const MEMBERS = PEOPLE.filter(
  (person): person is Person & { memberId: string } => person.memberId !== undefined,
);
export const actorOf = (person: Person & { memberId: string }): Actor => ({ kind: 'user', id: person.memberId });
export const MANAGER = PEOPLE[0];

const holidays = new Set(HOLIDAYS.map(([date]) => date));
export const isWorkingDay = (day: LocalDate): boolean => weekday(day) <= 5 && !holidays.has(day);

/** Every day of the demo's year, in order. */
export const DAYS: readonly LocalDate[] = Array.from({ length: 365 }, (_, index) => addDays(FIRST_DAY, index));

/** The workspace itself. */
export const workspaceStory: Story = {
  key: 'workspace',
  steps: [
    {
      at: BEFORE_ALL,
      by: OWNER,
      make: (context) =>
        new CreateWorkspace(
          {
            name: 'Harbour Bikes',
            settings: {
              timeZone: TIME_ZONE,
              currency: 'EUR',
              weekStart: 1,
              workingDays: [1, 2, 3, 4, 5],
              lateAfter: '09:15',
            },
          },
          context,
        ),
    },
    ...HOLIDAYS.map(([date, name]) => ({
      at: BEFORE_ALL,
      by: OWNER,
      make: (context: ConstructorParameters<typeof AddHoliday>[1]) => new AddHoliday({ date, name }, context),
    })),
  ],
};

/** Who works there, and who of them works with tasks. */
export const peopleStories: readonly Story[] = PEOPLE.flatMap(
  ({ number, name, department, title, startedOn, memberId }) => {
    const at = fromLocal(startedOn, '09:00', TIME_ZONE);
    const employed: Story = {
      key: `employee/${number}`,
      steps: [
        { at, by: OWNER, make: (context) => new AddEmployee({ number, name, department, title, startedOn }, context) },
      ],
    };
    if (memberId === undefined) return [employed];
    const email = `${name.toLowerCase().replaceAll(' ', '.')}@harbour-bikes.example`;
    const role = title.startsWith('Head') ? 'manager' : 'member';
    const member: Story = {
      key: `member/${number}`,
      steps: [{ at, by: OWNER, make: (context) => new AddMember({ name, email, role }, context) }],
    };
    return [employed, member];
  },
);
