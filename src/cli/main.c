/* main.c -- the front of `tutti`: finds the subcommand. */
int main(void)
{
    return 0;
}
